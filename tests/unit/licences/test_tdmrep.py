"""The file by which machines are told, before they fetch anything, what of the site they may mine."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hub.object_store import object_store
from marketplace.catalogue.models import Example, StyleVersion
from marketplace.licences.columns import columns_of
from marketplace.licences.policy import Policy
from tests.factories.catalogue import draw, make_style, make_version
from tests.factories.licences import free_policy

pytestmark = pytest.mark.django_db
FILE = "/.well-known/tdmrep.json"


def published(slug: str, *policies: Policy) -> list[StyleVersion]:
    style = make_style(slug=slug)
    return [make_version(style=style, number=at, **columns_of(each)) for at, each in enumerate(policies, start=1)]


def shown(version: StyleVersion) -> str:
    example = draw(version.examples.first() or Example.objects.create(version=version, position=0, prompt="a fox"))
    return reverse("pages:example", args=[example.pk, example.image_sha256])


def told_of(address: str) -> int:
    """As a TDM agent reads it: the first rule that matches from the start; * is anything, $ the end."""
    for rule in Client().get(FILE).json():
        pattern = re.escape(rule["location"]).replace(r"\*", ".*").replace(r"\$", "$")
        if re.match(pattern, address):
            return int(rule["tdm-reservation"])
    raise AssertionError(f"No rule speaks of {address}.")


def test_all_is_reserved_where_nobody_leaves_anything_free() -> None:
    published("ink", Policy())
    assert Client().get(FILE).json() == [{"location": "/*", "tdm-reservation": 1}]


def test_what_its_creator_leaves_free_is_free_and_nothing_beside_it() -> None:
    free, reserved = published("ink", free_policy())[0], published("ink-two", free_policy(opt_outs=("data_mining",)))[0]
    mine, theirs = shown(free), shown(reserved)
    for address in ("/styles/ink/", "/styles/ink/?version=1", "/styles/ink/v1/licence/", mine):
        assert told_of(address) == 0, address
    for address in ("/", "/styles/ink/?version=10", "/styles/ink/v10/licence/", "/styles/ink-two/", theirs, f"{mine}x"):
        assert told_of(address) == 1, address


def test_the_page_of_a_style_is_its_newest_versions() -> None:
    published("ink", free_policy(), Policy())
    assert [told_of(f"/styles/ink/{which}") for which in ("", "?version=1", "?version=2")] == [1, 0, 1]
    published("lino", Policy(), free_policy())
    assert [told_of(f"/styles/lino/{which}") for which in ("", "?version=1", "?version=2")] == [0, 1, 0]


def test_a_withdrawn_version_is_not_left_free() -> None:
    _old, new = published("ink", free_policy(), free_policy())
    new.state = StyleVersion.State.WITHDRAWN
    new.save()
    assert [told_of(f"/styles/ink/{which}") for which in ("", "?version=1", "?version=2")] == [0, 0, 1]


@pytest.mark.parametrize("policy", [Policy(), free_policy(), free_policy(opt_outs=("data_mining",))])
@pytest.mark.usefixtures("object_store_server")
@pytest.mark.stack
def test_file_headers_and_pages_say_the_same(policy: Policy) -> None:
    [version] = published("ink", policy)
    object_store().put("k", b"a picture", "image/png")
    for address in ("/styles/ink/", "/styles/ink/?version=1", "/styles/ink/v1/licence/", shown(version)):
        answer: Any = Client().get(address)
        assert (answer.status_code, answer["tdm-reservation"]) == (200, str(told_of(address))), address
        assert answer["tdm-policy"] == "http://testserver/api/v1/styles/ink/versions/1/licence.tdmrep"


def test_it_is_json_that_caches_keep_for_minutes() -> None:
    published("ink", free_policy())
    answer = Client().get(FILE)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "public, max-age=300")
    again = Client().get(FILE, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, Client().post(FILE).status_code) == (304, 405)
