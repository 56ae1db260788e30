"""Lists: every row once, whatever is added in between, forwards and back."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.accounts.models import User
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.uploads import make_upload

pytestmark = pytest.mark.django_db
LIST = "/api/v1/uploads"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def names(page: dict[str, Any]) -> list[str]:
    return [row["file_name"] for row in page["results"]]


def links(answer: Any) -> dict[str, str]:
    """The Link header as a client reads it."""
    found = {}
    for link in filter(None, answer.get("Link", "").split(", ")):
        address, _, relation = link.partition("; rel=")
        found[relation.strip('"')] = address.strip("<>")
    return found


def fill(owner: User, count: int, *, at_once: bool = False) -> list[str]:
    """Names of so many uploads, newest first; all of one moment where `at_once`."""
    now = timezone.now()
    for number in range(count):
        upload = make_upload(owner=owner, file_name=f"{number:03}.safetensors")
        Upload.objects.filter(pk=upload.pk).update(created_at=now + timedelta(seconds=0 if at_once else number))
    rows = Upload.objects.filter(owner=owner).order_by("-created_at", "-pk")
    return list(rows.values_list("file_name", flat=True))


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "all of one moment"])
def test_every_row_comes_once(at_once: bool) -> None:
    owner = make_user()
    expected, client, seen, address = fill(owner, 7, at_once=at_once), signed_in(owner), [], f"{LIST}?limit=3"
    while address:
        answer = client.get(address)
        seen += names(answer.json())
        address = links(answer).get("next", "")
        assert (answer.json()["next"] or "") == address
    assert seen == expected


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "in the same moment"])
def test_what_is_added_meanwhile_neither_repeats_nor_hides_a_row(at_once: bool) -> None:
    owner = make_user()
    expected, client = fill(owner, 6, at_once=at_once), signed_in(owner)
    first = client.get(f"{LIST}?limit=2").json()
    late = [make_upload(owner=owner, file_name=f"late{number}.safetensors") for number in range(3)]
    if at_once:
        moment = Upload.objects.get(file_name=expected[0]).created_at
        Upload.objects.filter(pk__in=[each.pk for each in late]).update(created_at=moment)
    seen, address = names(first), first["next"]
    while address:
        page = client.get(address).json()
        seen += names(page)
        address = page["next"]
    assert [name for name in seen if not name.startswith("late")] == expected
    assert len(seen) == len(set(seen))


def test_back_leads_over_the_same_pages_to_the_first() -> None:
    owner = make_user()
    expected, client = fill(owner, 5), signed_in(owner)
    second = client.get(client.get(f"{LIST}?limit=2").json()["next"])
    third = client.get(second.json()["next"])
    assert (names(third.json()), third.json()["next"]) == (expected[4:], None)
    back = client.get(links(third)["prev"])
    assert names(back.json()) == names(second.json()) == expected[2:4]
    first = client.get(links(back)["prev"])
    assert (names(first.json()), first.json()["previous"]) == (expected[:2], None)
    assert names(client.get(links(third)["first"]).json()) == expected[:2]


def test_a_cursor_of_another_list_is_none_of_this_one() -> None:
    owner = make_user()
    fill(owner, 3)
    client = signed_in(owner)
    (cursor,) = parse_qs(urlsplit(client.get(f"{LIST}?limit=1").json()["next"]).query)["cursor"]
    for foreign in (f"/api/v1/generations?cursor={cursor}", f"{LIST}?cursor={cursor[:-1]}"):
        answer = client.get(foreign)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 30, "\u0663", "%00"])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    answer = signed_in(make_user()).get(LIST, {"limit": limit})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["attr"]) == (400, "out_of_range", "limit")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=9), st.integers(1, 4))
def test_any_rows_in_any_order_of_any_moments_come_once_each_way(moments: list[int], limit: int) -> None:
    owner, now = make_user(), timezone.now()
    for number, moment in enumerate(moments):
        upload = make_upload(owner=owner, file_name=f"{number}.safetensors")
        Upload.objects.filter(pk=upload.pk).update(created_at=now + timedelta(seconds=moment))
    rows = Upload.objects.filter(owner=owner).order_by("-created_at", "-pk")
    expected, client = list(rows.values_list("file_name", flat=True)), signed_in(owner)
    page = client.get(f"{LIST}?limit={limit}").json()
    forwards, pages = names(page), [page]
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json())
        forwards += names(pages[-1])
    assert forwards == expected
    backwards, address = names(pages[-1]), pages[-1]["previous"]
    while address:
        page = client.get(address).json()
        backwards = names(page) + backwards
        address = page["previous"]
    assert backwards == expected
