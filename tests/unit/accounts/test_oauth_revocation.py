"""One access token ends before its hour: by RFC 7009's words, with Authlib's client as an independent reader of it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from authlib.integrations.httpx_client import OAuth2Client
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.accounts.access_tokens import LIFETIME_S, issue
from marketplace.accounts.credentials import make_credential
from marketplace.accounts.models import Credential, EndedToken
from tests.factories.accounts import make_user, program_with
from tests.factories.site import SITE_URL
from tests.unit.accounts.test_oauth import FORM, HEADERS, TOKEN_URL, Site, ask, basic, make_client

pytestmark = pytest.mark.django_db
REVOKE_URL = "/oauth/revoke"


def revoke(authorization: str, content_type: str = FORM, **fields: str) -> Any:
    headers = {"authorization": authorization} if authorization else {}
    return Client(headers=headers).generic("POST", REVOKE_URL, urlencode(fields), content_type=content_type)


def wallet_with(token: str) -> int:
    return program_with(token).get("/api/v1/wallet").status_code


def error_of(answer: Any) -> tuple[int, str]:
    assert set(answer.json()) == {"error", "error_description"}
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def test_a_revoked_token_ends_at_once_and_its_client_and_its_other_tokens_go_on() -> None:
    client, secret = make_client()
    signed_in = basic(client.label, secret)
    ended, other = (ask(authorization=signed_in).json()["access_token"] for _ in range(2))
    assert ended != other  # though both are of the same second, for the same scopes
    assert (wallet_with(ended), wallet_with(other)) == (200, 200)
    answer = revoke(signed_in, token=ended)
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (200, b"", "no-store")
    assert (wallet_with(ended), wallet_with(other)) == (401, 200)
    assert program_with(ended).get("/v1/user/balance").status_code == 401
    assert ask(authorization=signed_in).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something"])
def test_a_hint_is_only_a_hint(hint: str) -> None:
    client, secret = make_client()
    token = issue(client, ["wallet:read"])
    assert revoke(basic(client.label, secret), token=token, token_type_hint=hint).status_code == 200
    assert wallet_with(token) == 401


def test_another_clients_token_can_not_be_revoked() -> None:
    account = make_user()
    (client, _), (other, others_secret) = make_client(account), make_client(account)
    token = issue(client, ["wallet:read"])
    assert error_of(revoke(basic(other.label, others_secret), token=token)) == (400, "invalid_grant")
    assert (wallet_with(token), EndedToken.objects.count()) == (200, 0)


@pytest.mark.parametrize("authorization", ["", "Basic eDp5", "Bearer x"])
def test_nobody_unknown_revokes_anything(authorization: str) -> None:
    client, _ = make_client()
    token = issue(client, ["wallet:read"])
    answer = revoke(authorization, token=token)
    assert error_of(answer) == (401, "invalid_client")
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert error_of(revoke(f"Bearer {token}", token=token)) == (401, "invalid_client")
    assert wallet_with(token) == 200


def test_the_secret_may_stand_in_the_form() -> None:
    client, secret = make_client()
    token = issue(client, ["wallet:read"])
    assert revoke("", client_id=client.label, client_secret=secret, token=token).status_code == 200
    assert wallet_with(token) == 401


def test_what_is_no_token_any_more_is_revoked_already() -> None:
    client, secret = make_client()
    signed_in, token = basic(client.label, secret), issue(client, ["wallet:read"])
    for gone in (token, token, token[:-1] + ("A" if token[-1] != "A" else "B"), "irt_nothing", "x"):
        assert revoke(signed_in, token=gone).status_code == 200
    assert EndedToken.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=LIFETIME_S + 1)):
        assert revoke(basic(client.label, secret), token=token).status_code == 200


def test_an_api_key_is_refused_rather_than_believed_to_have_ended() -> None:
    account = make_user()
    client, secret = make_client(account)
    _, key = make_credential(account=account, scopes=["wallet:read"])
    assert error_of(revoke(basic(client.label, secret), token=key)) == (400, "unsupported_token_type")
    assert wallet_with(key) == 200


@pytest.mark.parametrize(
    ("fields", "content_type"), [({}, FORM), ({"token": ""}, FORM), ({"token": "x"}, "text/plain")]
)
def test_what_names_no_token_is_refused(fields: dict[str, str], content_type: str) -> None:
    client, secret = make_client()
    assert error_of(revoke(basic(client.label, secret), content_type, **fields)) == (400, "invalid_request")


def test_what_is_kept_of_it_goes_when_its_hour_is_over() -> None:
    client, secret = make_client()
    revoke(basic(client.label, secret), token=issue(client, ["wallet:read"]))
    with time_machine.travel(timezone.now() + timedelta(seconds=LIFETIME_S + 1)):
        later = issue(client, ["wallet:read"])
        revoke(basic(client.label, secret), token=later)
        assert EndedToken.objects.count() == 1
        assert wallet_with(later) == 401


def test_a_request_with_a_token_still_asks_for_its_caller_once() -> None:
    client, _ = make_client()
    token = issue(client, ["wallet:read"])
    wallet_with(token)  # notes the use
    with CaptureQueriesContext(connection) as asked:
        assert wallet_with(token) == 200
    assert sum("accounts_credential" in query["sql"] for query in asked) == 1
    assert sum("accounts_endedtoken" in query["sql"] for query in asked) == 1


def test_authlibs_client_finds_the_endpoint_and_revokes(settings: Any) -> None:
    settings.SITE = settings.SITE.model_copy(update={"url": SITE_URL})
    found = Client().get("/.well-known/oauth-authorization-server").json()
    client, secret = make_client()
    with OAuth2Client(client.label, secret, transport=Site(), base_url=SITE_URL) as program:
        token = program.fetch_token(SITE_URL + TOKEN_URL, grant_type="client_credentials")["access_token"]
        assert program.revoke_token(found["revocation_endpoint"], token).status_code == 200
    assert wallet_with(token) == 401


def test_it_answers_post_alone() -> None:
    answer = Client().get(REVOKE_URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@settings(max_examples=100, deadline=None)
@given(body=st.one_of(st.binary(), st.text().map(str.encode)), header=HEADERS, content_type=st.sampled_from([FORM, ""]))
def test_whatever_is_sent_is_answered(body: bytes, header: str, content_type: str) -> None:
    headers = {"authorization": header} if header else {}
    answer = Client(headers=headers).generic("POST", REVOKE_URL, body, content_type=content_type)
    assert (answer.status_code in {400, 401}, "error" in answer.json()) == (True, True)


@settings(max_examples=100, deadline=None)
@given(token=st.text(min_size=1))
def test_no_text_in_the_place_of_a_token_ends_anything(token: str) -> None:
    client, secret = make_client()
    answer = revoke(basic(client.label, secret), token=token)
    assert answer.status_code in {200, 400}
    assert not EndedToken.objects.exists()
    Credential.objects.all().delete()
