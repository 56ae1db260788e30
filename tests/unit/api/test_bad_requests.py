"""Whatever a program sends below /api/, it is answered in one shape, with a sentence that says what to do."""

import json
from base64 import b64encode
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
TOO_MUCH = b'{"prompt": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'


@pytest.fixture
def client() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user())
    return client


def refusal(response: Any) -> tuple[int, str, str, str | None]:
    """Status, code, sentence and field of an answer with one error."""
    (error,) = response.json()["errors"]
    return response.status_code, error["code"], error["detail"], error["attr"]


@pytest.mark.parametrize("address", ["/api/v1/quotes", "/api/payments/sandbox/webhook"])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(client: Client, address: str) -> None:
    assert refusal(client.post(address, TOO_MUCH, "application/json")) == (
        413,
        "body_too_large",
        "The body is longer than this address takes. Send less at once.",
        None,
    )


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000], ids=range(5)
)
def test_a_body_that_is_not_json_is_refused_in_words(client: Client, body: bytes) -> None:
    assert refusal(client.post("/api/v1/quotes", body, "application/json")) == (
        400,
        "parse_error",
        "The body is not JSON that can be read. Send one JSON object, in UTF-8.",
        None,
    )


@pytest.mark.parametrize("position", ["p=2026", "p=%00", "p=nonsense", "o=x", "p=9999-99-99"])
def test_a_cursor_that_no_answer_gave_is_refused(client: Client, position: str) -> None:
    cursor = b64encode(position.encode()).decode()
    assert refusal(client.get("/api/v1/styles", {"cursor": cursor})) == (
        400,
        "bad_cursor",
        "This cursor is none that a list gave out. Leave it out to start from the first page.",
        "cursor",
    )


@pytest.mark.parametrize("method", ["get", "post", "delete", "put"])
@pytest.mark.parametrize("path", ["", "v1/", "v1/nothing", "v1/generations/notauuid", "v2/styles", "v1/styles/"])
def test_an_unknown_address_answers_in_the_usual_shape(method: str, path: str) -> None:
    assert refusal(getattr(Client(), method)(f"/api/{path}")) == (
        404,
        "no_such_address",
        "There is nothing at this address. /api/docs lists those that there are.",
        None,
    )


def test_what_the_framework_refuses_says_what_to_do(client: Client) -> None:
    quotes, good = "/api/v1/quotes", "application/json"
    assert [
        refusal(response)
        for response in (
            Client().get("/api/v1/wallet"),
            Client().get("/api/v1/wallet", headers={"authorization": "Bearer nobody"}),
            client.get(quotes),
            client.get("/api/v1/wallet", headers={"accept": "text/csv"}),
            client.post(quotes, "a=b", "application/x-www-form-urlencoded"),
            client.post("/api/v1/top-ups", json.dumps({"amount_micro": None}), good),
            client.post("/api/v1/top-ups", json.dumps({}), good),
        )
    ] == [
        (401, "not_authenticated", "Sign in, or send a key: “Authorization: Bearer ...”.", None),
        (401, "authentication_failed", "This key is not valid. Make a new one on the developers' pages.", None),
        (405, "method_not_allowed", "This address takes other methods. The header “Allow” names them.", None),
        (406, "not_acceptable", "Answers here are JSON. Ask for application/json.", None),
        (415, "unsupported_media_type", "Send the body as application/json.", None),
        (400, "null", "This can't be null. Send a value.", "amount_micro"),
        (400, "required", "This is missing. Send it.", "amount_micro"),
    ]
