"""Describes the API as OpenAPI 3.1: each operation with every status that it may answer, and errors in their one shape."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

# What each status means wherever it is answered.
MEANINGS = {
    304: "You have this already: it is what your If-None-Match names.",
    400: "Something that you sent is not as it must be; `attr` names the field.",
    401: "You are not signed in, or your key is not valid.",
    402: "There is not enough credit. Nothing was charged.",
    403: "You may not do this. With `insufficient_scope` your key or token lacks the scope that `WWW-Authenticate` names; with "
    "`people_only` no key may, but you in a browser.",
    404: "There is no such thing, or it is somebody else's.",
    406: "Answers here are JSON, and you accept none.",
    409: "It can't be done in the present state, or the Idempotency-Key was used for another request.",
    412: "It has changed since you saw it: If-Match names another state.",
    413: "The body is too long.",
    415: "The body is of a type that is not read here.",
    429: "Too many requests. Wait as many seconds as Retry-After says.",
    503: "Something that this needs is away. Nothing was charged; try again.",
}
# Those that an answer may have beside its body; marketplace.api.limits.headers writes the limits'.
HEADERS = {
    "RateLimit": "How many requests are left, `r`, under each limit that holds for you, and in how many seconds, `t`, the next "
    'place is free: `"key";r=598;t=60, "person";r=1196;t=60`. Absent where nothing limits you.',
    "RateLimit-Policy": "Each limit that holds for you: `q` requests in any `w` seconds.",
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": 'How to sign in; of a missing scope `Bearer error="insufficient_scope", scope="..."`.',
}
LIMITS = ("RateLimit", "RateLimit-Policy")
# Beside those of the limits, which every answer has.
HEADERS_OF = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 429: ("Retry-After",)}
ALWAYS = (400, 401, 403, 404, 406, 429, 503)


class OneErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Never changes. docs/reference/errors.md lists them all.")
    detail = serializers.CharField(help_text="A sentence that tells a person what to do.")
    attr = serializers.CharField(allow_null=True, help_text="The field that it is about, as `parts.0.etag`.")


class ErrorSerializer(serializers.Serializer[Any]):
    """What every refusal answers, whatever its status."""

    type = serializers.ChoiceField(choices=["client_error", "server_error", "validation_error"])
    errors = OneErrorSerializer(many=True)  # type: ignore[assignment]  # DRF takes fields out of the class: nothing is hidden


NOT_ENOUGH_CREDIT = OpenApiResponse(ErrorSerializer, MEANINGS[402])


class ApiSchema(AutoSchema):
    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            stated = operation["responses"]
            for response in stated.values():
                response["headers"] = self._headers(LIMITS) | response.get("headers", {})
            operation["responses"] = stated | {
                str(status): self._answer(status) for status in self._refusals(operation) if str(status) not in stated
            }
        return operation

    def _refusals(self, operation: dict[str, Any]) -> Iterable[int]:
        yield from ALWAYS
        if self.method == "GET":
            yield 304
        else:
            yield from (409, 413, 415)
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ())):
            yield 412

    def _answer(self, status: int) -> dict[str, Any]:
        """Described once, in the components, and referred to from everywhere."""
        component = ResolvedComponent(
            name=f"Answer{status}", type=ResolvedComponent.RESPONSE, object=str(status), schema=self._described(status)
        )
        self.registry.register_on_missing(component)
        ref: dict[str, Any] = component.ref
        return ref

    def _described(self, status: int) -> dict[str, Any]:
        headers = self._headers((*LIMITS, *HEADERS_OF.get(status, ())))
        if status == 304:
            return {"description": MEANINGS[status], "headers": headers}
        shape = self.resolve_serializer(ErrorSerializer, "response").ref
        content = {"application/json": {"schema": shape}}
        return {"description": MEANINGS[status], "headers": headers, "content": content}

    def _headers(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self._header(name) for name in names}

    def _header(self, name: str) -> dict[str, Any]:
        shape = {"type": "integer", "minimum": 1} if name == "Retry-After" else {"type": "string"}
        described = {"description": HEADERS[name], "schema": shape}
        component = ResolvedComponent(name=name, type=ResolvedComponent.HEADER, object=name, schema=described)
        self.registry.register_on_missing(component)
        ref: dict[str, Any] = component.ref
        return ref
