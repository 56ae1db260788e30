"""Whatever is sent is answered with a refusal in the API's shape, at once, and never costs anything."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.generation.models import Generation
from marketplace.openai.tables import CODES, EDIT, GENERATE, UNSUPPORTED
from tests.factories.accounts import make_user
from tests.factories.stability import drawing_base, file, picture_base, png, program_of

# Without a penny, what is right by chance is refused for lack of it.
pytestmark = pytest.mark.django_db
FIELDS = sorted({*GENERATE, *EDIT, *UNSUPPORTED, "id", "weight"})
ADDRESSES = ("/v1/images/generations", "/v1/images/edits")
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
    | st.sampled_from(["fox", "auto", "128x128", "high", "webp", "url", "gpt-image-1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8) | values
keys = st.from_regex(r"(adapters|n|image|a)(\[(0|1|-1|x|id|weight)?\]?){0,6}", fullmatch=True)
forms = st.dictionaries(
    keys | st.sampled_from(FIELDS), st.text(st.characters(codec="utf-8")) | st.just("1"), max_size=8
)
often = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, object_store_server: object) -> Client:
    monkeypatch.setattr("marketplace.openai.views.OpenAIView.throttle_classes", ())
    drawing_base()
    picture_base()
    return program_of(make_user(), raise_request_exception=False)


def check_refused(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.content
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert CODES[error["code"]] == (answer.status_code, error["type"])
    assert not Generation.objects.exists()


@often
@given(bodies)
def test_any_json(program: Client, body: Any) -> None:
    check_refused(program.post(ADDRESSES[0], json.dumps(body), "application/json"))


@often
@given(st.sampled_from(FIELDS), values)
def test_any_value_in_a_request_that_is_right_but_for_it(program: Client, field: str, value: Any) -> None:
    for body in ({"prompt": "fox", field: value}, {"prompt": "fox", "adapters": [{field: value}]}):
        check_refused(program.post(ADDRESSES[0], json.dumps(body), "application/json"))


@often
@given(st.sampled_from(ADDRESSES), st.binary(max_size=300), st.sampled_from(["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", "é/ü; =", "application/json; charset=none"]))  # fmt: skip
def test_any_bytes_of_any_kind(program: Client, address: str, body: bytes, kind: str) -> None:
    check_refused(program.generic("POST", address, body, kind))


@often
@given(forms)
def test_any_form(program: Client, form: dict[str, str]) -> None:
    check_refused(program.post(ADDRESSES[1], form))
    check_refused(program.post(ADDRESSES[1], {"prompt": "fox", "model": "small", "image": file(png())} | form))


@often
@given(st.sampled_from(["image", "mask"]), st.binary(max_size=200), st.integers(0, 300))
def test_any_file(program: Client, name: str, content: bytes, cut: int) -> None:
    for sent in (content, png()[:cut] + content):
        form = {"prompt": "fox", "model": "small", "image": file(png())} | {name: file(sent)}
        check_refused(program.post(ADDRESSES[1], form))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"prompt":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"prompt":"fox","adapters":' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b'{"prompt":[' + b"0," * 10**6 + b"0]}",
        b'{"prompt":"fox","adapters":[' + b"0," * 10**6 + b"0]}",
        b'{"prompt":"fox","seed":' + b"9" * 100_000 + b"}",
        b'{"prompt":"fox","seed":1e999}',
        b'{"prompt":"\\ud800"}',
        b'{"prompt":"fox","user":"\\ud800"}',
        b'{"\\ud800":1}',
        b"\xff\xfe{}",
        b"",
    ],
    ids=range(12),
)
def test_deep_long_and_huge_bodies(program: Client, body: bytes) -> None:
    began = time.monotonic()
    check_refused(program.post(ADDRESSES[0], body, "application/json"))
    assert time.monotonic() - began < 5


def test_a_form_of_very_many_fields(program: Client) -> None:
    check_refused(program.post(ADDRESSES[1], {f"adapters[{place}][id]": "x" for place in range(3_000)}))
