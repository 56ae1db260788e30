"""The client credentials grant: by RFC 6749's words, with Authlib's client as an independent reader of it."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import httpx2
import pytest
import time_machine
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.accounts.access_tokens import LIFETIME_S
from marketplace.accounts.credentials import make_credential, revoke, rotate
from marketplace.accounts.models import Credential, User
from marketplace.accounts.organisations import give_account
from tests.factories.accounts import make_organisation, make_user, program_with
from tests.factories.site import SITE_URL, SiteTransport

pytestmark = pytest.mark.django_db
TOKEN_URL = "/oauth/token"
FORM = "application/x-www-form-urlencoded"


class Site(httpx2.BaseTransport):
    """The site, for the kind of httpx that Authlib's client is built on."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=request.read())
        answer = SiteTransport().handle_request(asked)
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)


def make_client(account: User | None = None, scopes: tuple[str, ...] = ("generate", "wallet:read")) -> Any:
    """The client and its secret."""
    return make_credential(kind=Credential.Kind.CLIENT, account=account or make_user(), scopes=scopes)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask(body: str = "grant_type=client_credentials", authorization: str = "", content_type: str = FORM) -> Any:
    headers = {"authorization": authorization} if authorization else {}
    return Client(headers=headers).generic("POST", TOKEN_URL, body, content_type=content_type)


def test_a_client_gets_a_token_that_acts_as_the_organisations_account() -> None:
    organisation = make_organisation()
    client, secret = make_client(give_account(organisation))
    answer = ask(authorization=basic(client.label, secret))
    told = answer.json()
    token = told.pop("access_token")
    assert (answer.status_code, answer["Cache-Control"], answer["Pragma"]) == (200, "no-store", "no-cache")
    assert told == {"token_type": "Bearer", "expires_in": LIFETIME_S, "scope": "generate wallet:read"}
    seen = program_with(token).get("/v1/user/account").json()
    assert seen["organizations"][0]["name"] == organisation.name
    assert program_with(token).get("/api/v1/wallet").status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlibs_client_fetches_a_token_and_uses_it(method: str) -> None:
    client, secret = make_client()
    with OAuth2Client(
        client.label,
        secret,
        token_endpoint_auth_method=method,
        scope="wallet:read",
        transport=Site(),
        base_url=SITE_URL,
    ) as program:
        token = program.fetch_token(SITE_URL + TOKEN_URL, grant_type="client_credentials")
        assert (token["scope"], token["token_type"]) == ("wallet:read", "Bearer")
        assert program.get("/api/v1/wallet").json()["balance_micro"] == 0


def test_the_metadata_hold_by_authlibs_reading_of_rfc_8414(settings: Any) -> None:
    settings.SITE = settings.SITE.model_copy(update={"url": "https://hub.example/"})
    found = AuthorizationServerMetadata(Client().get("/.well-known/oauth-authorization-server").json())
    found.validate()
    assert (found["issuer"], found["token_endpoint"]) == ("https://hub.example", "https://hub.example/oauth/token")
    assert found["revocation_endpoint"] == "https://hub.example/oauth/revoke"
    assert (found["grant_types_supported"], "generate" in found["scopes_supported"]) == (["client_credentials"], True)


def test_the_token_ends_after_an_hour_and_at_once_with_its_client() -> None:
    client, secret = make_client()
    token = ask(authorization=basic(client.label, secret)).json()["access_token"]
    with time_machine.travel(timezone.now() + timedelta(seconds=LIFETIME_S + 1)):
        assert program_with(token).get("/api/v1/wallet").status_code == 401
    assert program_with(token).get("/api/v1/wallet").status_code == 200
    revoke(credential=client)
    assert program_with(token).get("/api/v1/wallet").status_code == 401
    assert ask(authorization=basic(client.label, secret)).json()["error"] == "invalid_client"


def test_a_token_is_good_for_what_was_asked_and_no_more() -> None:
    client, secret = make_client()
    token = ask("grant_type=client_credentials&scope=generate", basic(client.label, secret)).json()["access_token"]
    assert program_with(token).get("/api/v1/wallet").json()["errors"][0]["code"] == "insufficient_scope"


def test_neither_is_taken_for_the_other() -> None:
    _, secret = make_client()
    key, key_secret = make_credential(account=make_user(), scopes=["everything"])
    assert program_with(secret).get("/api/v1/wallet").status_code == 401
    assert ask(authorization=basic(key.label, key_secret)).status_code == 401


@pytest.mark.parametrize("at", [5, 20, -1])
def test_a_token_changed_in_one_letter_is_worth_nothing(at: int) -> None:
    client, secret = make_client()
    token = ask(authorization=basic(client.label, secret)).json()["access_token"]
    changed = list(token)
    changed[at] = "A" if changed[at] != "A" else "B"
    assert program_with("".join(changed)).get("/api/v1/wallet").status_code == 401


def test_a_rotated_client_takes_both_secrets_for_the_overlap() -> None:
    client, first = make_client()
    second = rotate(credential=client, overlap=timedelta(hours=1))
    assert [ask(authorization=basic(client.label, each)).status_code for each in (first, second)] == [200, 200]
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert [ask(authorization=basic(client.label, each)).status_code for each in (first, second)] == [401, 200]


GRANT = "grant_type=client_credentials"
REFUSED: dict[str, tuple[str, str, str, int, str]] = {
    "no grant type": ("", "right", FORM, 400, "invalid_request"),
    "an empty grant type": ("grant_type=", "right", FORM, 400, "invalid_request"),
    "another grant": ("grant_type=password", "right", FORM, 400, "unsupported_grant_type"),
    "a parameter twice": (f"{GRANT}&{GRANT}", "right", FORM, 400, "invalid_request"),
    "JSON": ('{"grant_type": "client_credentials"}', "right", "application/json", 400, "invalid_request"),
    "no type of content": (GRANT, "right", "", 400, "invalid_request"),
    "a scope that was not given": (f"{GRANT}&scope=uploads", "right", FORM, 400, "invalid_scope"),
    "a scope that does not exist": (f"{GRANT}&scope=generate+fly", "right", FORM, 400, "invalid_scope"),
    "everything": (f"{GRANT}&scope=everything", "right", FORM, 400, "invalid_scope"),
    "a wrong secret": (GRANT, "wrong", FORM, 401, "invalid_client"),
    "no client": (GRANT, "", FORM, 401, "invalid_client"),
    "an id alone": (f"{GRANT}&client_id=ID", "", FORM, 401, "invalid_client"),
    "another scheme": (GRANT, "Bearer x", FORM, 401, "invalid_client"),
    "no base64": (GRANT, "Basic ***", FORM, 401, "invalid_client"),
    "no colon": (GRANT, "Basic " + base64.b64encode(b"ID").decode(), FORM, 401, "invalid_client"),
    "no UTF-8": (GRANT, "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), FORM, 401, "invalid_client"),
    "header and body": (f"{GRANT}&client_id=ID&client_secret=SECRET", "right", FORM, 400, "invalid_request"),
    "another id in the body": (f"{GRANT}&client_id=other", "right", FORM, 400, "invalid_request"),
    "too long": (f"{GRANT}&x=" + "x" * 3_000_000, "right", FORM, 400, "invalid_request"),
    "too many": ("&".join(f"x{n}=1" for n in range(2000)), "right", FORM, 400, "invalid_request"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_the_rfcs_words(name: str) -> None:
    body, authorization, content_type, status, error = REFUSED[name]
    client, secret = make_client()
    headers = {"right": basic(client.label, secret), "wrong": basic(client.label, "irs_wrong")}
    body = body.replace("ID", client.label).replace("SECRET", secret)
    answer = ask(body, headers.get(authorization, authorization), content_type)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer["Cache-Control"] == "no-store"
    assert answer.get("WWW-Authenticate", "").startswith("Basic ") == (status == 401)


HEADERS = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255)),
    st.binary().map(lambda content: "Basic " + base64.b64encode(content).decode()),
)


@settings(max_examples=200, deadline=None)
@given(body=st.one_of(st.binary(), st.text().map(str.encode)), header=HEADERS, content_type=st.sampled_from([FORM, ""]))
def test_whatever_is_sent_is_answered_and_nobody_unknown_gets_a_token(
    body: bytes, header: str, content_type: str
) -> None:
    headers = {"authorization": header} if header else {}
    answer = Client(headers=headers).generic("POST", TOKEN_URL, body, content_type=content_type)
    assert (answer.status_code in {400, 401}, "error" in answer.json()) == (True, True)


def test_the_query_is_no_place_for_parameters() -> None:
    client, secret = make_client()
    client_of = Client(headers={"authorization": basic(client.label, secret)})
    answer = client_of.generic("POST", f"{TOKEN_URL}?{GRANT}", "", content_type=FORM)
    assert answer.json()["error"] == "invalid_request"


def test_it_answers_post_alone() -> None:
    answer = Client().get(TOKEN_URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_an_unknown_client_and_a_wrong_secret_answer_alike() -> None:
    client, _ = make_client()
    answers = [ask(authorization=basic(name, "irs_wrong")).content for name in (client.label, "irc_nobody")]
    assert answers[0] == answers[1]
