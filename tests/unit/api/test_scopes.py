"""Every address says which scope it asks for, and holds keys to it."""

import pytest
from django.test import Client

from docs.generate.scopes import routes
from marketplace.accounts.credentials import make_credential
from marketplace.accounts.scopes import MEANING, Scope
from marketplace.api.scopes import Needs
from tests.factories.accounts import make_user, program_with

ROUTES = routes()


def test_the_walk_finds_both_apis() -> None:
    paths = {path for path, _ in ROUTES}
    assert {"api/v1/generations", "api/v1/organisations/<slug:slug>/members", "v1/engines/list"} <= paths


@pytest.mark.parametrize(("path", "view"), ROUTES, ids=[path for path, _ in ROUTES])
def test_a_route_declares_its_scopes(path: str, view: object) -> None:
    assert isinstance(getattr(view, "scopes", None), Needs), f"Give the view of {path} a line `scopes = needs(...)`."


def test_every_scope_says_what_it_is_good_for() -> None:
    assert list(MEANING) == list(Scope)


CALLS = [
    ("get", "/api/v1/wallet", "wallet:read", 200),
    ("get", "/api/v1/generations", "images:read", 200),
    ("post", "/api/v1/generations", "generate", 400),
    ("post", "/api/v1/quotes", "generate", 400),
    ("get", "/api/v1/uploads", "uploads", 200),
    ("post", "/api/v1/versions", "styles:write", 400),
    ("get", "/api/v1/earnings", "statements", 200),
    ("get", "/api/v1/organisations", "organisation:read", 200),
    ("head", "/api/v1/organisations", "organisation:read", 200),
    ("post", "/api/v1/organisations", "organisation:write", 400),
    ("post", "/api/v1/top-ups", "top-ups", 400),
    ("get", "/v1/engines/list", "styles:read", 200),
    ("get", "/v1/user/balance", "wallet:read", 200),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "scope", "status"), CALLS)
def test_a_key_with_the_scope_gets_through_and_one_with_all_others_does_not(
    method: str, path: str, scope: str, status: int
) -> None:
    others = [other for other in Scope if other not in (scope, Scope.EVERYTHING)]
    account = make_user()
    for scopes, expected in (([scope], status), ([Scope.EVERYTHING], status), (others, 403)):
        _, secret = make_credential(account=account, scopes=scopes)
        answer = program_with(secret).generic(method.upper(), path, "{}", content_type="application/json")
        assert (scopes, answer.status_code) == (scopes, expected)


@pytest.mark.django_db
def test_the_refusal_names_the_scope_in_body_and_header() -> None:
    _, secret = make_credential(account=make_user(), scopes=[Scope.UPLOADS])
    answer = program_with(secret).get("/api/v1/wallet")
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], "“wallet:read”" in error["detail"]) == (403, "insufficient_scope", True)
    assert answer["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="wallet:read"'


@pytest.mark.django_db
def test_stabilitys_paths_say_it_in_their_own_shape() -> None:
    _, secret = make_credential(account=make_user(), scopes=[Scope.UPLOADS])
    answer = program_with(secret).get("/v1/user/balance")
    assert (answer.status_code, answer.json()["name"]) == (403, "permission_denied")
    assert "“wallet:read”" in answer.json()["message"]


@pytest.mark.django_db
def test_people_in_a_browser_need_no_scope() -> None:
    client = Client()
    client.force_login(make_user())
    assert client.get("/api/v1/wallet").status_code == 200
