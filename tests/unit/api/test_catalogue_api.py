"""Looking and publishing over REST."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import User
from marketplace.catalogue.models import Example, StyleVersion
from marketplace.catalogue.services import set_base_examples
from marketplace.rights.services import add_opt_out
from tests.factories.accounts import make_user
from tests.factories.catalogue import draw, make_style, make_version, tiny_sdxl_base
from tests.factories.uploads import ready_upload

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def body(upload: object, **changes: Any) -> dict[str, Any]:
    fields = {
        "upload": str(upload),
        "title": "Washed Ink",
        "sample_prompt": "a harbour at dawn",
        "licence": "CC-BY-4.0",
        "price_micro": 20_000,
        "creator_share_bp": 8_000,
        "training_sources": [{"name": "Sketchbooks", "consent": "own_work"}],
        "artists_imitated": [{"name": "A Friend", "consents": True}],
        "may_be_merged": True,
        "example_prompts": ["a fox"],
    }
    return fields | changes


def post(client: Client, path: str, data: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(data), content_type="application/json")


def test_publishing_answers_the_version_and_the_gallery_shows_it() -> None:
    upload = ready_upload(owner=make_user(display_name="Mara"))
    answer = post(signed_in(upload.owner), "versions", body(upload.pk))
    version = StyleVersion.objects.get()
    expected = {
        "id": version.pk,
        "number": 1,
        "state": "published",
        "published_at": version.published_at.isoformat().replace("+00:00", "Z"),
        "base_model": "tiny-sdxl",
        "kind": "lora",
        "trigger_words": "",
        "sample_prompt": "a harbour at dawn",
        "cover": None,
        "examples": [{"prompt": "a harbour at dawn", "picture": None}, {"prompt": "a fox", "picture": None}],
        "licence": {
            "id": "CC-BY-4.0",
            "title": "Creative Commons Attribution 4.0",
            "summary": "Share and sell your pictures as long as you name the creator; the credit line comes with each.",
        },
        "attribution": "",
        "credit": "“Washed Ink” by Mara, CC-BY-4.0",
        "price_micro": 20_000,
        "creator_share_bp": 8_000,
        "download_price_micro": None,
        "members_from": None,
        "public_from": None,
        "channel": "everyone",
        "channels": [
            {"channel": channel, "opens_at": version.published_at.isoformat().replace("+00:00", "Z")}
            for channel in ("partners_and_api", "members", "everyone")
        ],
        "derivatives_share_bp": 0,
        "parents": [],
        "training_sources": [{"name": "Sketchbooks", "consent": "own_work", "url": ""}],
        "artists_imitated": [{"name": "A Friend", "consents": True}],
        "outputs_may_train": False,
        "may_be_merged": True,
        "may_be_derived": False,
        "may_be_resold": False,
        "commercial_use": True,
        "credit_required": True,
        "territory": [],
        "partners": [],
        "expires": None,
        "opt_outs": ["ai_training", "ai_generative_training", "data_mining"],
    }
    assert (answer.status_code, answer.json()) == (201, expected)
    page = Client().get("/api/v1/styles").json()
    assert [(style["slug"], style["creator"], style["latest"]) for style in page["results"]] == [
        ("washed-ink", "Mara", expected)
    ]


@pytest.mark.parametrize(
    ("changes", "code", "attr"),
    [
        ({"title": "By Example Artist"}, "opted_out_name", "title"),
        ({"price_micro": -5}, "price_out_of_range", "price_micro"),
        ({"price_micro": 10**30}, "price_out_of_range", "price_micro"),
        ({"price_micro": "much"}, "invalid", "price_micro"),
        ({"price_micro": None}, "null", "price_micro"),
        ({"licence": "GPL"}, "unknown_licence", "licence"),
        ({"training_sources": []}, "sources_missing", "training_sources"),
        (
            {"training_sources": [{"name": "A gallery", "consent": "none"}]},
            "source_without_consent",
            "training_sources",
        ),
        ({"training_sources": [{"name": "x", "consent": "maybe"}]}, "invalid_choice", "training_sources.0.consent"),
        ({"style": "no-such-style"}, "not_found", "style"),
    ],
)
def test_a_bad_term_is_refused_with_its_field(changes: dict[str, Any], code: str, attr: str) -> None:
    add_opt_out(name="Example Artist")
    upload = ready_upload()
    answer = post(signed_in(upload.owner), "versions", body(upload.pk, **changes))
    assert answer.status_code in {400, 404}
    assert [(error["code"], error["attr"]) for error in answer.json()["errors"]] == [(code, attr)]
    assert not StyleVersion.objects.exists()


def test_a_stranger_sees_styles_bases_and_versions_but_no_addresses() -> None:
    version = make_version(creator=make_user(email="private@example.org"))
    make_version(style=version.style, number=2, state=StyleVersion.State.WITHDRAWN)
    page = Client().get(f"/api/v1/styles/{version.style.slug}").json()
    assert [(item["number"], item["state"]) for item in page["versions"]] == [(2, "withdrawn"), (1, "published")]
    assert "private@" not in json.dumps(page)
    assert Client().get("/api/v1/styles/none").status_code == 404
    tiny_sdxl_base(slug="off", enabled=False)
    assert Client().get("/api/v1/base-models").json() == [
        {
            "slug": "tiny-sdxl",
            "title": "Tiny SDXL",
            "summary": "",
            "licence": "Apache-2.0",
            "default_side": 128,
            "min_side": 64,
            "max_side": 256,
            "default_steps": 20,
            "default_guidance": 5.0,
            "has_refiner": False,
            "examples": [],
        }
    ]


def test_what_is_drawn_has_an_address() -> None:
    version = make_version(prompts=("a harbour", "a fox"))
    set_base_examples(base=tiny_sdxl_base(), prompts=["an owl"])
    drawn = [draw(example) for example in Example.objects.order_by("version", "position")]
    at = {example.prompt: f"http://testserver/examples/{example.pk}/{example.image_sha256}.png" for example in drawn}
    latest = Client().get(f"/api/v1/styles/{version.style.slug}").json()["latest"]
    assert (latest["sample_prompt"], latest["cover"]) == ("a harbour", at["a harbour"])
    assert latest["examples"] == [{"prompt": prompt, "picture": at[prompt]} for prompt in ("a harbour", "a fox")]
    base = Client().get("/api/v1/base-models").json()[0]
    assert base["examples"] == [{"prompt": "an owl", "picture": at["an owl"]}]


def test_search_and_pages_work_by_address() -> None:
    for number in range(3):
        make_version(style=make_style(title=f"Harbour {number}"))
    make_version(style=make_style(title="Forest"))
    first = Client().get("/api/v1/styles?search=harbour&limit=2").json()
    assert [style["title"] for style in first["results"]] == ["Harbour 2", "Harbour 1"]
    second = Client().get(first["next"]).json()
    assert ([style["title"] for style in second["results"]], second["next"]) == (["Harbour 0"], None)


def test_withdrawing_takes_it_out_of_the_gallery() -> None:
    version = make_version()
    answer = post(signed_in(version.style.creator), f"versions/{version.pk}/withdraw", {})
    said = answer.json()
    assert (answer.status_code, said["state"], said["cover"], said["examples"]) == (200, "withdrawn", None, [])
    assert Client().get("/api/v1/styles").json()["results"] == []


def test_the_gallery_asks_the_database_no_more_often_for_many(django_assert_max_num_queries: Any) -> None:
    make_version()
    with CaptureQueriesContext(connection) as one:
        Client().get("/api/v1/styles")
    for _ in range(3):
        make_version(parents=[make_version()])
    with django_assert_max_num_queries(len(one)):
        assert len(Client().get("/api/v1/styles").json()["results"]) == 7
