"""The API's operations as its own OpenAPI document lists them, and how a test calls one."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from marketplace.accounts.models import User
from tests.factories.resources import FIELDS, MAKERS, SECRET, WITHIN, fresh_png, make_owner, make_partner, sent_part

Made = dict[str, Any]
# Not called with an example body: the files are their own examples.
FILE_BODIES: dict[str, Callable[[], bytes]] = {"POST /api/v1/pictures": fresh_png}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        """May anyone call it who has not signed in?"""
        return {} in self.described["security"]

    @property
    def takes_keys(self) -> bool:
        """Or only the session of a person who signed in on the pages."""
        return any(way and "cookieAuth" not in way for way in self.described["security"])

    @property
    def is_for_partners(self) -> bool:
        """For organisations' accounts alone."""
        return self.path.startswith("/api/v1/partner/") or self.name == "GET /api/v1/generations/{id}/receipt"

    @property
    def path_parameters(self) -> list[str]:
        """In the order of the address."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query_parameters(self) -> list[str]:
        return [each["name"] for each in self.described.get("parameters", ()) if each["in"] == "query"]

    @property
    def good_statuses(self) -> set[int]:
        return {int(status) for status in self.described["responses"] if status.startswith("2")}

    @property
    def body_fields(self) -> list[str]:
        """All that a body in JSON may have."""
        shape = self.described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        return sorted(schema()["components"]["schemas"][shape.rpartition("/")[2]]["properties"])

    @property
    def example(self) -> dict[str, Any] | None:
        """The documented body; None where the operation takes none. Fails where it takes one and shows none."""
        if "requestBody" not in self.described or self.name in FILE_BODIES:
            return None
        examples = self.described["requestBody"]["content"]["application/json"].get("examples", {})
        assert examples, f"{self.name} takes a body and documents no example: add an OpenApiExample to its serializer."
        value: dict[str, Any] = next(iter(examples.values()))["value"]
        return value


@cache
def schema() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


@cache
def operations() -> list[Operation]:
    return [
        Operation(method.upper(), path, described)
        for path, item in schema()["paths"].items()
        for method, described in item.items()
        if path.startswith("/api/v1/")
    ]


def operation_named(name: str) -> Operation:
    return next(operation for operation in operations() if operation.name == name)


def owner_of(operation: Operation, email: str | None = f"{SECRET}@example.org") -> User:
    """Whose things the operation is about: a person, or an organisation's account where it is about licensing."""
    return make_partner() if operation.is_for_partners else make_owner(email)


def address(operation: Operation, owner: User) -> tuple[str, Made]:
    """The address with every id in its place, and these ids."""
    made: Made = {}
    for name in operation.path_parameters:
        made[name] = _made(operation, name, owner, made)
    return operation.path.format(**made), made


def _made(operation: Operation, name: str, owner: User, made: Made) -> object:
    """Of the first id by MAKERS; of a second within the thing of the first."""
    segment = operation.path.split(f"/{{{name}}}")[0].rpartition("/")[2]
    table: dict[str, Any] = WITHIN if made else MAKERS
    maker = (not made and MAKERS.get(operation.name)) or table.get(segment)
    assert maker, (
        f"{operation.name} names a thing by {{{name}}}, and nothing in tests/factories/resources.py makes one: add to "
        f"{'WITHIN' if made else 'MAKERS'}, under {segment!r}, a function that makes it for an owner and gives its id."
    )
    return maker(owner, *made.values())


def body(operation: Operation, owner: User, made: Made) -> dict[str, Any] | None:
    """The documented example, with things that exist in the place of those that it names."""
    example = operation.example
    if example is None:
        return None
    filled = {field: _filled(operation, field, value, owner) for field, value in example.items()}
    if "parts" in example:
        filled["parts"] = sent_part(owner, made["id"])
    return json.loads(json.dumps(filled, default=str))  # type: ignore[no-any-return]  # a document, as it went in


def _filled(operation: Operation, field: str, value: Any, owner: User) -> Any:
    maker = FIELDS.get(f"{operation.name} {field}") or FIELDS.get(field)
    return maker(owner) if maker else value


def send(operation: Operation, caller: User | None, where: str, content: bytes, kind: str, **headers: str) -> Any:
    """Any bytes, of any kind."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(caller)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(operation.method, where, content, kind, headers=named)  # type: ignore[arg-type]  # it takes bytes


def call(operation: Operation, caller: User | None, where: str, sent: dict[str, Any] | None, **headers: str) -> Any:
    """The body as JSON, or a file where the operation takes one."""
    if operation.name in FILE_BODIES:
        return send(operation, caller, where, FILE_BODIES[operation.name](), "image/png", **headers)
    content = b"" if sent is None else json.dumps(sent).encode()
    return send(operation, caller, where, content, "application/json", **headers)


def content_of(answer: Any) -> bytes:
    """Of streamed answers, too, as often as asked."""
    if answer.streaming:
        answer.streaming_content = [b"".join(answer.streaming_content)]
        return bytes(next(iter(answer.streaming_content)))
    return bytes(answer.content)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the marketplace holds, by table, but what is noted of each request.

    Without the ORM, since some tests look after each of thousands of requests.
    """
    with connection.cursor() as cursor:
        return {table: _all_of(cursor, table) for table in _tables()}


@cache
def _tables() -> list[str]:
    notes = {"api.SavedAnswer"}
    models = [model for model in apps.get_models() if model.__module__.startswith("marketplace.")]
    return [model._meta.db_table for model in models if model._meta.label not in notes]


def _all_of(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - the names of our own tables
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
