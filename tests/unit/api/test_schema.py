"""The OpenAPI document and its page."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from marketplace.accounts.scopes import Scope


def test_the_schema_is_made_without_a_warning() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=io.StringIO())


@pytest.mark.django_db
def test_every_operation_is_listed_under_its_resource() -> None:
    schema = Client().get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    tags = {
        path: {tag for operation in item.values() for tag in operation["tags"]}
        for path, item in schema["paths"].items()
    }
    assert tags == {path: {path.split("/")[3]} for path in schema["paths"]}
    assert all(operation["summary"] for item in schema["paths"].values() for operation in item.values())


@pytest.mark.django_db
def test_the_page_of_documentation_needs_nothing_inline_and_nothing_from_outside() -> None:
    response = Client().get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert "style=" not in page
    assert "<script>" not in page
    assert 'src="http' not in page
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]


@pytest.mark.django_db
def test_every_operation_says_how_to_sign_in_and_with_which_scope() -> None:
    schema = Client().get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    schemes = schema["components"]["securitySchemes"]
    flow = schemes["oauth2"]["flows"]["clientCredentials"]
    assert (schemes["apiKey"]["scheme"], flow["tokenUrl"]) == ("bearer", "/oauth/token")
    assert "`/oauth/revoke`" in schemes["oauth2"]["description"]
    assert list(flow["scopes"]) == [scope.value for scope in Scope]
    security = {
        path: {method: told["security"] for method, told in item.items()} for path, item in schema["paths"].items()
    }
    session: dict[str, list[str]] = {"cookieAuth": []}
    assert security["/api/v1/generations"] == {
        "get": [{"apiKey": ["images:read"]}, {"oauth2": ["images:read"]}, session],
        "post": [{"apiKey": ["generate"]}, {"oauth2": ["generate"]}, session],
    }
    assert security["/api/v1/keys"]["post"] == [session]
    assert {} in security["/api/v1/styles"]["get"]


@pytest.mark.django_db
def test_an_images_prompt_may_be_longer_than_what_is_sent_here() -> None:
    """Other APIs take several texts, each with a limit of its own."""
    schema = Client().get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    told = schema["components"]["schemas"]["Generation"]["properties"]
    assert [told[name] for name in ("prompt", "negative_prompt")] == [{"type": "string"}] * 2
