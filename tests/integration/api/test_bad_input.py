"""Whatever is sent to whatever address: a refusal in the API's shape, at once, and nothing is charged or changed."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api_operations import FILE_BODIES, Operation, address, body, content_of, operations, owner_of, rows, send
from tests.factories.catalogue import echo_base, tiny_sdxl_base
from tests.factories.resources import make_owner

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
WITH_JSON = [each for each in operations() if "requestBody" in each.described and each.name not in FILE_BODIES]
JSON = "application/json"
DEEP = 100_000
NO_OBJECT = {
    "null": b"null",
    "a list": b"[]",
    "a list of objects": b"[{}]",
    "a word": b'"x"',
    "a number": b"17",
    "half an object": b'{"a": 1',
    "two objects": b"{}{}",
    "no JSON": b"\x00\x01\x02",
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "NaN": b'{"a": NaN}',
    "deep": b"[" * DEEP + b"]" * DEEP,
    "half deep": b'{"a":' * DEEP,
    "levels that Python still reads": b'{"a":' * 500 + b"1" + b"}" * 500,
    "a million items": b"[" + b"0," * 10**6 + b"0]",
    "a number of many digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "too long": b'{"a": "' + b"x" * 3 * 2**20 + b'"}',
}
VALUES: dict[str, Any] = {
    "null": None,
    "a list": [],
    "an object": {},
    "a NUL": "\x00",
    "half a character": "\ud800",
    "turned text": "\u202eabc",
    "digits": 10**400,
    "a list of digits": [10**30],
    "a list of half characters": ["\ud800", {"name": "\ud800", "consent": "\ud800", "kind": "\ud800"}],
    "below zero": -(10**30),
    "very long": "x" * 10**5,
    "not finite": 1e400,
    "truth": True,
}
TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "",
    "\u00e9/;=",
)
texts = st.text(st.characters(codec=None), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
WITH_QUERY = [each for each in operations() if each.query_parameters]
PARAMETERS = ("", "\x00", "x" * 5_000, "-1", "9" * 30, "\u202e", "1e5", "2026-13", "[]", "%", "\u00e9\u3042")
every_body = pytest.mark.parametrize("operation", WITH_JSON, ids=lambda operation: operation.name)


@pytest.fixture(autouse=True)
def _bases() -> None:
    echo_base()
    tiny_sdxl_base(slug="irodori-small")


def check(answer: Any, before: Any) -> None:
    """Refused, in the shape, and nothing has happened; or taken, for what is odd may still be right."""
    assert answer.status_code < 500, content_of(answer)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"type", "errors"}
        assert all(set(error) == {"code", "detail", "attr"} and error["detail"] for error in answer.json()["errors"])
        assert rows() == before


@every_body
def test_a_body_that_is_no_object_is_refused(operation: Operation) -> None:
    owner = owner_of(operation)
    where, _ = address(operation, owner)
    before = rows()
    for name, content in NO_OBJECT.items():
        began = time.monotonic()
        answer = send(operation, owner, where, content, JSON)
        assert 400 <= answer.status_code < 500, (name, content_of(answer))
        check(answer, before)
        assert time.monotonic() - began < 5, name


@every_body
def test_a_body_of_another_type_is_refused(operation: Operation) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    content, before = json.dumps(body(operation, owner, made)).encode(), rows()
    for kind in TYPES:
        answer = send(operation, owner, where, content, kind)
        assert answer.status_code == 415, (kind, content_of(answer))
        check(answer, before)


@every_body
def test_a_field_of_another_kind_is_refused_or_taken_as_it_is(operation: Operation) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    right = body(operation, owner, made)
    assert right is not None
    before = rows()
    for field in operation.body_fields:
        for value in VALUES.values():
            answer = send(operation, owner, where, json.dumps(right | {field: value}).encode(), JSON)
            check(answer, before)
            before = before if answer.status_code >= 400 else rows()


@every_body
def test_a_field_with_a_million_items_is_refused_at_once(operation: Operation) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    right, before, began = body(operation, owner, made) or {}, rows(), time.monotonic()
    answer = send(operation, owner, where, json.dumps(right | {min(right): [0] * 10**6}).encode(), JSON)
    assert answer.json()["errors"][0]["code"] in {"too_many_items", "body_too_large"}
    check(answer, before)
    assert time.monotonic() - began < 5


@every_body
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_json(operation: Operation, data: st.DataObject) -> None:
    owner = owner_of(operation, email=None)
    where, made = address(operation, owner)
    right = body(operation, owner, made) or {}
    sent: Any
    if data.draw(st.booleans()):
        sent = right | {data.draw(st.sampled_from(operation.body_fields)): data.draw(values)}
    else:
        sent = data.draw(values)
    before = rows()
    check(send(operation, owner, where, json.dumps(sent).encode(), JSON), before)


@pytest.mark.parametrize("operation", WITH_QUERY, ids=lambda operation: operation.name)
def test_a_parameter_of_another_kind_is_refused_or_taken_as_it_is(operation: Operation) -> None:
    owner = owner_of(operation)
    where, _ = address(operation, owner)
    before = rows()
    for name in operation.query_parameters:
        for value in PARAMETERS:
            answer = send(operation, owner, f"{where}?{urlencode({name: value})}", b"", "")
            check(answer, before)
            before = before if answer.status_code >= 400 else rows()


@pytest.mark.parametrize("kind", ["image/png", "image/webp", "text/plain", "application/json", ""])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_as_a_picture(kind: str, content: bytes) -> None:
    owner = make_owner(email=None)
    (operation,) = (each for each in operations() if each.name in FILE_BODIES)
    before = rows()
    answer = send(operation, owner, operation.path, content, kind)
    assert 400 <= answer.status_code < 500
    check(answer, before)
