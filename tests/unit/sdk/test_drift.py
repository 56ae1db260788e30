"""The SDK's models and addresses are those of the hub's own OpenAPI document, to the last field."""

import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from django.core.management import call_command
from pydantic import BaseModel

from irodori_client import models
from irodori_client.composing import Choices
from irodori_client.endpoints import LEDGER_KEYS, LICENCE_FILE, RECEIPT_KEYS, REVOCATIONS, Endpoint, endpoints
from irodori_client.models import Order, Page, Sent
from irodori_client.models.catalogue import Consent, ContributorKind, VersionState
from irodori_client.models.generations import GenerationState
from irodori_client.models.uploads import UploadState

# What the SDK does not call, and why; each covers what lies below it.
LEFT_OUT = {
    "/api/v1/tokens": "a key is made by a person who is signed in on the pages: no key makes another",
    "/api/v1/keys": "as above",
    "/api/v1/oauth-clients": "as above",
    "/api/v1/organisations": "members and roles are kept by people",
    "/api/v1/invitations": "as above",
    "/api/v1/webhooks": "an endpoint is set up once",
    "/api/v1/account/listings": "pictures are put up for sale where one sees them",
    "/api/v1/listings": "as above",
    "/api/v1/account/subscription": "an offer is made once",
    "/api/v1/creators": "subscriptions are quoted as purchases",
    "/api/v1/subscriptions": "they are stopped on the page that shows them",
    "/api/v1/earnings/entries": "a statement holds them all, with totals that can be checked",
    "/api/v1/earnings/report": "charts for the page of earnings",
    "/api/v1/usage": "charts for the developers' page",
    "/api/v1/costs": "figures for staff",
    "/api/v1/solvency": "public figures of the hub",
}
PARTLY = {("PATCH", "/api/v1/account"): "a name is changed where it is shown"}
# A well-known file, and other forms of what is compared as JSON.
OTHER_FILES = (LEDGER_KEYS, RECEIPT_KEYS, REVOCATIONS, LICENCE_FILE)
CALLED = [endpoint for endpoint in endpoints() if endpoint not in OTHER_FILES]


@cache
def schema() -> dict[str, Any]:
    written = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=written)
    document: dict[str, Any] = json.loads(written.getvalue())
    return document


def operation(endpoint: Endpoint[Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema()["paths"][endpoint.path][endpoint.method.lower()]
    return found


def is_left_out(path: str) -> bool:
    return any(path == above or path.startswith(f"{above}/") for above in LEFT_OUT)


def test_every_address_of_the_hub_can_be_called_or_is_left_out_by_name() -> None:
    there = {(method.upper(), path) for path, item in schema()["paths"].items() for method in item}
    assert {(endpoint.method, endpoint.path) for endpoint in CALLED} == {
        (method, path) for method, path in there if not is_left_out(path) and (method, path) not in PARTLY
    }


@pytest.mark.parametrize("endpoint", CALLED, ids=lambda each: f"{each.method} {each.path}")
def test_what_is_sent_and_answered_is_what_the_hub_says(endpoint: Endpoint[Any]) -> None:
    said = operation(endpoint)
    assert differences(endpoint.answer, answered(said)) == []
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if endpoint.body is None:
        assert body is None
    else:
        assert differences(endpoint.body, body) == []


@pytest.mark.parametrize("endpoint", CALLED, ids=lambda each: f"{each.method} {each.path}")
def test_a_key_is_made_where_the_hub_takes_one(endpoint: Endpoint[Any]) -> None:
    headers = {parameter["name"] for parameter in operation(endpoint).get("parameters", ())}
    assert endpoint.keyed == ("Idempotency-Key" in headers)


@pytest.mark.parametrize(
    ("literal", "component", "field"),
    [
        (GenerationState, "Generation", "state"),
        (UploadState, "Upload", "state"),
        (VersionState, "Version", "state"),
        (Consent, "TrainingSource", "consent"),
        (ContributorKind, "ContributorRequest", "kind"),
    ],
)
def test_the_words_that_the_sdk_names_are_those_that_the_hub_says(literal: Any, component: str, field: str) -> None:
    said, _ = resolved(schema()["components"]["schemas"][component]["properties"][field])
    assert list(get_args(literal)) == said["enum"]


def test_whatever_an_order_has_can_be_composed() -> None:
    assert get_type_hints(Choices).keys() == Order.model_fields.keys() - {"base_model", "prompt", "adapters"}


def test_a_field_that_the_hub_lost_or_gained_is_told() -> None:
    """The comparison itself can fail."""
    wallet = schema()["components"]["schemas"]["Wallet"]
    fewer = {**wallet, "properties": {name: wallet["properties"][name] for name in ("currency", "held_micro")}}
    assert list(differences(models.Wallet, fewer)) == ["Wallet: the hub has no balance_micro"]
    more = {**wallet, "properties": {**wallet["properties"], "colour": {"type": "string"}}}
    assert list(differences(models.Wallet, more)) == ["Wallet: the hub has colour"]
    other = {**wallet, "properties": {**wallet["properties"], "currency": {"type": "string", "nullable": True}}}
    assert list(differences(models.Wallet, other)) == ["Wallet.currency: str, the hub says string or null"]


def answered(said: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the good answer's body, None where there is none."""
    good = [answer for status, answer in said["responses"].items() if status.startswith("2")]
    contents = [answer["content"] for answer in good if answer.get("content")]
    return next(iter(contents[0].values()))["schema"] if contents else None


def differences(kind: Any, said: dict[str, Any] | None) -> list[str]:
    if kind is NoneType or said is None:
        return [] if kind is NoneType and said is None else [f"{kind}: the hub says {said}"]
    return list(_differences(kind, said, getattr(kind, "__name__", str(kind))))


def _differences(kind: Any, said: dict[str, Any], where: str) -> Iterator[str]:
    said, nullable = resolved(said)
    kind, optional = without_none(kind)
    if kind in (bytes, Any):  # a file in whatever form, or what the document leaves open
        return
    if nullable != optional:
        yield f"{where}: {named(kind)}{' or None' if optional else ''}, the hub says {said.get('type')}{' or null' if nullable else ''}"
    elif get_origin(kind) in (list, tuple):
        yield from _differences(get_args(kind)[0], said.get("items", {}), f"{where}[]")
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _fields(kind, said, where)
    elif (said.get("type"), said.get("format") if kind in (UUID, datetime, date) else None) != KINDS[kind]:
        yield f"{where}: {named(kind)}, the hub says {said}"


def _fields(model: type[BaseModel], said: dict[str, Any], where: str) -> Iterator[str]:
    there, ours = said.get("properties", {}), model.model_fields
    yield from (f"{where}: the hub has no {name}" for name in ours.keys() - there.keys())
    yield from (f"{where}: the hub has {name}" for name in there.keys() - ours.keys())
    required = set(said.get("required", ()))
    for name in ours.keys() & there.keys():
        field = ours[name]
        if issubclass(model, Sent) and name in required and not field.is_required():
            yield f"{where}.{name}: the hub requires it"
        if not (issubclass(model, (Sent, Page)) and field.default is None):
            yield from _differences(field.annotation, there[name], f"{where}.{name}")


def resolved(said: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a reference leads to, and whether null is allowed, as OpenAPI 3.0 says it or as 3.1 does."""
    nullable = bool(said.get("nullable"))
    while not said.keys().isdisjoint({"$ref", "allOf", "oneOf", "anyOf"}):
        if "$ref" in said:
            said = schema()["components"]["schemas"][said["$ref"].split("/")[-1]]
            continue
        choices = said.get("allOf") or said.get("oneOf") or said["anyOf"]
        nullable = nullable or {"type": "null"} in choices
        said = next(choice for choice in choices if choice != {"type": "null"})
    if isinstance(said.get("type"), list):
        nullable, said = True, {**said, "type": said["type"][0]}
    return said, nullable


def without_none(kind: Any) -> tuple[Any, bool]:
    """`X | None` as X, and words that are open, `Literal | str`, as str."""
    members = [member for member in get_args(kind) if member is not NoneType]
    if get_origin(kind) in (list, tuple) or not members:
        return kind, False
    return str if str in members else members[0], NoneType in get_args(kind)


KINDS: dict[Any, tuple[str, str | None]] = {
    str: ("string", None),
    int: ("integer", None),
    float: ("number", None),
    bool: ("boolean", None),
    UUID: ("string", "uuid"),
    datetime: ("string", "date-time"),
    date: ("string", "date"),
}


def named(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))
