"""One call of an endpoint: the request is built, tried as often as it may be, and the answer read into its model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from pydantic import BaseModel, TypeAdapter, ValidationError

from irodori_client.effects import Answer, Emit, Items, Request, Steps
from irodori_client.endpoints import Endpoint
from irodori_client.errors import UnreachableError, UsageError, error_of
from irodori_client.models import Page
from irodori_client.retries import IDEMPOTENCY_KEY, Retries, attempted

T = TypeVar("T")
Item = TypeVar("Item", bound=BaseModel)
Values = Mapping[str, object]


@dataclass(frozen=True)
class Asked:
    """What goes with one call. `names` fill the address; `key` is the Idempotency-Key, made where it is None."""

    names: Values = field(default_factory=dict)
    params: Values = field(default_factory=dict)
    body: BaseModel | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class Calls:
    """Calls of one client."""

    retries: Retries

    def call(self, endpoint: Endpoint[T], asked: Asked = Asked(), *, into: Path | None = None) -> Steps[T]:
        """What the endpoint answers; a file goes to `into` where that is named. Raises IrodoriError."""
        request = request_of(endpoint, asked)
        answer = yield from attempted(request, self.retries, repeatable=endpoint.repeatable, into=into)
        return read(endpoint, answer)

    def save(self, endpoint: Endpoint[bytes], asked: Asked, path: Path) -> Steps[Path]:
        """The file that the endpoint answers, as `path`: whole or not at all. Raises UsageError for a bad path."""
        try:
            yield from self.call(endpoint, asked, into=path)
        except OSError as error:
            raise not_written(path, error) from error
        return path

    def each(
        self, endpoint: Endpoint[Page[Item]], params: Values | None = None, *, names: Values | None = None
    ) -> Items[Item]:
        """Emit every item of a list, a page at a time, as it is asked for."""
        more: dict[str, object] | None = dict(params or {})
        while more is not None:
            page = yield from self.call(endpoint, Asked(names=names or {}, params=more))
            for item in page.results:
                yield Emit(item)
            # Only the cursor is taken from the address: behind a proxy its host may be another.
            more = dict(parse_qsl(urlsplit(page.next).query)) if page.next else None


def request_of(endpoint: Endpoint[Any], asked: Asked) -> Request:
    path = endpoint.path.format_map({name: quote(str(value), safe="") for name, value in asked.names.items()})
    params = {name: str(value) for name, value in asked.params.items() if value not in (None, "")}
    headers, content = dict(asked.headers), asked.content
    if asked.body is not None:
        headers["Content-Type"] = "application/json"
        content = asked.body.model_dump_json(exclude_none=True).encode()
    if endpoint.keyed:
        headers[IDEMPOTENCY_KEY] = asked.key or str(uuid4())
    return Request(endpoint.method, path, params=params, headers=headers, content=content)


def not_written(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} can't be written ({error.strerror}).")


def read(endpoint: Endpoint[T], answer: Answer) -> T:
    """Raises the refusal that the answer is, and UnreachableError for what no hub of this kind answers."""
    if not 200 <= answer.status < 300:
        raise error_of(answer)
    if endpoint.answer in (bytes, type(None)):
        return cast("T", answer.content if endpoint.answer is bytes else None)
    try:
        return TypeAdapter(endpoint.answer).validate_json(answer.content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise UnreachableError(
            f"{endpoint.path} answered what this release can't read ({where}: {problem['msg']}). "
            "Is the address a hub's? If so, install a newer irodori-client."
        ) from error
