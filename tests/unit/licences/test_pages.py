"""The plain words, the documents, and what crawlers are told."""

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from marketplace.catalogue.models import StyleVersion
from marketplace.licences import card, odrl_reader, rsl_reader
from marketplace.licences.columns import columns_of
from marketplace.licences.policy import Policy
from marketplace.licences.selectors import policy_of
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_style, make_version
from tests.factories.licences import free_policy
from tests.factories.payouts import make_organisation

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/styles/washed-ink/versions/1/licence"
PAGE = "/styles/washed-ink/v1/licence/"
SITE = "http://testserver"


def licensed(policy: Policy, **changes: Any) -> StyleVersion:
    style = make_style(slug="washed-ink", title="Washed Ink", creator=make_user(display_name="Mara"))
    return make_version(style=style, **columns_of(policy) | changes)


def limited() -> Policy:
    studio = make_organisation()
    return free_policy(
        territory=("DE", "JP"),
        partners=(studio.slug,),
        expires=date(2030, 1, 31),
        opt_outs=("data_mining",),
        credit_required=True,
    )


def titles(content: str) -> list[str]:
    """Each clause of the page in its order."""
    return [part.split("</p>")[0] for part in content.split('<p class="font-medium">')[1:]]


def test_the_page_says_every_clause_under_what_it_is() -> None:
    policy = limited()
    licensed(policy)
    answer = Client().get(PAGE)
    context = answer.context
    assert [clause.title for clause in context["allowed"]] == [
        "Pictures may be used in business",
        "May be mixed with other styles",
        "Others may train styles that derive from it",
        "Pictures may be resold by partners",
        "Pictures may be used to train models",
    ]
    assert context["forbidden"] == []
    assert [(clause.title, clause.detail) for clause in context["conditions"]] == [
        ("Name the creator beside each picture", ""),
        ("These partners alone may license it", "Studio " + policy.partners[0].removeprefix("studio-")),
        ("Partners may license it for these countries alone", "Germany, Japan"),
        ("New pictures until Jan. 31, 2030", "Pictures made until then keep what is granted here."),
        ("Machines are told that these are ruled out", "text and data mining"),
    ]
    everything = [clause.title for name in ("allowed", "conditions") for clause in context[name]]
    assert titles(answer.content.decode()) == everything


def test_only_what_is_allowed_is_listed_as_allowed() -> None:
    licensed(Policy())
    content = Client().get(PAGE).content.decode()
    allowed, _, rest = content.partition(">Not allowed<")
    assert ("Make pictures for yourself" in allowed, "Make pictures for yourself" in rest) == (True, False)


def test_the_default_grants_nothing_and_the_page_says_so() -> None:
    licensed(Policy())
    context = Client().get(PAGE).context
    assert [clause.title for clause in context["forbidden"]] == [
        "Pictures are for your own use, not for business",
        "May not be mixed with other styles",
        "Others may not train styles that derive from it",
        "Pictures may not be resold by partners",
        "Pictures may not be used to train models",
        "Partners may not license it",
    ]
    assert context["allowed"] == []


@pytest.mark.parametrize("ending", ["", ".json"])
def test_as_json_it_is_the_policy_and_its_words(ending: str) -> None:
    licensed(Policy())
    body = Client().get(ADDRESS + ending).json()
    assert body["policy"] == {
        "commercial_use": False,
        "credit_required": True,
        "merging": False,
        "derivatives": False,
        "resale_through_partners": False,
        "training_on_outputs": False,
        "territory": [],
        "partners": [],
        "expires": None,
        "opt_outs": ["ai_training", "ai_generative_training", "data_mining"],
    }
    assert (body["licence"], body["page"], len(body["words"])) == ("irodori-standard", SITE + PAGE, 9)
    assert body["words"][1] == {
        "clause": "merging",
        "allowed": False,
        "title": "May not be mixed with other styles",
        "detail": "",
    }


@pytest.mark.parametrize(
    ("ending", "accept", "media_type"),
    [
        ("", "application/ld+json", "application/ld+json"),
        ("", "application/rsl+xml", "application/rsl+xml"),
        ("", "text/markdown", "text/markdown"),
        ("", "*/*", "application/json"),
        (".jsonld", "*/*", "application/ld+json"),
        (".rsl", "text/html,*/*;q=0.1", "application/rsl+xml"),
        (".md", "*/*", "text/markdown"),
        (".tdmrep", "*/*", "application/ld+json"),
    ],
)
def test_the_form_is_chosen_by_address_or_by_accept(ending: str, accept: str, media_type: str) -> None:
    licensed(Policy())
    answer = Client().get(ADDRESS + ending, headers={"accept": accept})
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        media_type,
        "public, max-age=3600",
    )


def test_every_document_of_a_version_holds_its_policy() -> None:
    version = licensed(limited())
    client = Client()
    assert policy_of(version) == odrl_reader.read_policy(client.get(f"{ADDRESS}.jsonld").json())
    assert policy_of(version) == rsl_reader.read_policy(client.get(f"{ADDRESS}.rsl").content)
    assert policy_of(version) == card.read_policy(client.get(f"{ADDRESS}.md").content.decode())


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/styles/washed-ink/versions/2/licence",
        "/api/v1/styles/nothing/versions/1/licence.rsl",
        f"/api/v1/styles/washed-ink/versions/{10**30}/licence",
        f"{ADDRESS}.exe",
    ],
)
def test_what_does_not_exist_answers_in_the_one_shape(path: str) -> None:
    licensed(Policy())
    answer = Client().get(path, headers={"accept": "application/rsl+xml, */*"})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert json.loads(answer.content)["errors"][0]["code"] == "not_found"


def test_a_form_that_nobody_writes_is_not_acceptable() -> None:
    licensed(Policy())
    assert Client().get(ADDRESS, headers={"accept": "image/png"}).status_code == 406


def test_a_page_that_does_not_exist_is_not_found() -> None:
    assert Client().get("/styles/nothing/v1/licence/").status_code == 404


@pytest.mark.parametrize(("policy", "reserved"), [(free_policy(), "0"), (Policy(), "1")])
def test_machines_find_the_licence_of_a_style_by_its_headers(policy: Policy, reserved: str) -> None:
    licensed(policy)
    for path in ("/styles/washed-ink/", PAGE):
        answer = Client().get(path)
        assert answer["Link"] == f'<{SITE}{ADDRESS}.rsl>; rel="license"; type="application/rsl+xml"'
        assert (answer["tdm-reservation"], answer["tdm-policy"]) == (reserved, f"{SITE}{ADDRESS}.tdmrep")
        assert f'<meta name="tdm-reservation" content="{reserved}">' in answer.content.decode()
        assert f'<meta name="tdm-policy" content="{SITE}{ADDRESS}.tdmrep">' in answer.content.decode()


def test_the_page_of_a_style_shows_its_permissions_and_links_to_the_whole() -> None:
    licensed(free_policy(merging=False))
    content = Client().get("/styles/washed-ink/").content.decode()
    assert f'href="{PAGE}"' in content
    assert "May not be mixed with other styles" in content
    assert "Others may train styles that derive from it" in content


def test_a_style_whose_last_day_has_passed_takes_no_orders_and_says_so() -> None:
    licensed(free_policy(expires=date(2020, 1, 31)))
    content = Client().get("/styles/washed-ink/").content.decode()
    assert ("It was licensed until Jan. 31, 2020" in content, 'name="prompt"' in content) == (True, False)


def test_a_withdrawn_version_keeps_its_licence() -> None:
    licensed(free_policy(), state="withdrawn")
    assert (Client().get(PAGE).status_code, Client().get(ADDRESS).status_code) == (200, 200)


def test_robots_are_told_where_the_licence_of_everything_else_is() -> None:
    lines = Client().get("/robots.txt").content.decode().splitlines()
    assert lines == ["User-agent: *", "Disallow: /admin/", f"License: {SITE}/licence.rsl"]
    answer = Client().get("/licence.rsl")
    assert answer["Content-Type"] == "application/rsl+xml"
    assert rsl_reader.read_policy(answer.content).training_on_outputs is False
