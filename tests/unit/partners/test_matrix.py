"""What a partner is shown: exactly what the rules let it license, newest first, page by page, from few queries."""

from collections.abc import Sequence
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from hub.settings.database import ASKED_OFTEN
from marketplace.accounts.models import Organisation, User
from marketplace.catalogue.models import BaseModel
from marketplace.catalogue.services import withdraw
from marketplace.errors import NotAllowed
from marketplace.licences.columns import columns_of
from marketplace.licences.policy import Policy
from marketplace.licences.selectors import policy_of
from marketplace.partners.matrix import Licensable, index, keep
from marketplace.partners.models import LicenceClass, Offer, PartnerPrice
from marketplace.partners.policies import NAMES, refuse_what_the_policy_forbids
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, tiny_sdxl_base
from tests.factories.licences import PLACES, TODAY, policies, some_of
from tests.factories.partners import agree, licensable_version, make_account, program_of


def numbers(account: User, **asked: Any) -> list[int]:
    partner = agree(account)
    return [version.pk for version in Licensable(partner, **asked)[0:100]]


def listed(account: User, query: str = "") -> Any:
    return program_of(account).get(f"/api/v1/partner/licensable{query}").json()


@pytest.mark.django_db
def test_a_line_tells_what_may_be_licensed_where_and_at_what_price() -> None:
    account = make_account()
    version = licensable_version(creator=make_user(display_name="Mara"), territory=("DE", "JP"))
    PartnerPrice.objects.create(partner=agree(account), version=version, price_micro=12_345)
    keep()
    assert listed(account) == {
        "next": None,
        "previous": None,
        "results": [
            {
                "version": version.pk,
                "number": 1,
                "slug": version.style.slug,
                "title": version.style.title,
                "creator": "Mara",
                "base_model": "echo",
                "licence": "irodori-standard",
                "permissions": ["commercial_use", "merging", "resale_through_partners"],
                "territory": ["DE", "JP"],
                "expires": None,
                "price_micro": 12_345,
                "currency": "USD",
            }
        ],
    }


@pytest.mark.django_db
def test_pages_lead_on_and_back_without_a_gap() -> None:
    account = make_account()
    made = [licensable_version(territory=(code,) if code else ()).pk for code in ("DE", "", "JP", "", "DE", "FR", "")]
    keep()
    client = program_of(account)
    seen, address = [], "/api/v1/partner/licensable?limit=3"
    pages = []
    while address:
        page = client.get(address).json()
        pages.append([line["version"] for line in page["results"]])
        seen += pages[-1]
        address, back = page["next"], page["previous"]
    assert (seen, [len(page) for page in pages]) == (made[::-1], [3, 3, 1])
    assert [line["version"] for line in client.get(back).json()["results"]] == pages[1]


@pytest.mark.django_db
def test_filters_leave_what_permits_all_of_it_everywhere_that_is_named() -> None:
    account = make_account()
    anywhere, europe = licensable_version(), licensable_version(territory=("DE", "FR"))
    unmixed = licensable_version(may_be_merged=False)
    keep()
    assert numbers(account) == [unmixed.pk, europe.pk, anywhere.pk]
    assert numbers(account, permissions=("merging", "commercial_use")) == [europe.pk, anywhere.pk]
    assert numbers(account, territory=("DE",)) == [unmixed.pk, europe.pk, anywhere.pk]
    assert numbers(account, territory=("DE", "JP")) == [unmixed.pk, anywhere.pk]
    agree(account, territories=["JP"])
    assert numbers(account) == [unmixed.pk, anywhere.pk]
    assert numbers(account, territory=("DE",)) == []


@pytest.mark.django_db
def test_what_is_withdrawn_or_for_others_or_for_nobody_is_not_listed() -> None:
    account = make_account()
    slug = Organisation.objects.get(account=account).slug
    mine = licensable_version(partners=(slug, "another"))
    licensable_version(partners=("another",))
    licensable_version(commercial_use=False, may_be_resold=False)
    withdrawn = licensable_version()
    keep()
    withdraw(version=withdrawn)
    assert numbers(account) == [mine.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"enabled": False}, {"engine": "gone"}])
def test_what_was_made_for_a_base_that_draws_nothing_is_not_listed(changes: dict[str, Any]) -> None:
    account = make_account()
    version = licensable_version()
    other = licensable_version(pack=make_pack(base_model=tiny_sdxl_base()))
    keep()
    assert numbers(account) == [other.pk, version.pk]
    BaseModel.objects.filter(pk=version.pack.base_model_id).update(**changes)
    assert numbers(account) == [other.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?cursor=x", "bad_cursor"),
        ("?cursor=cD14", "bad_cursor"),
        ("?permissions=fly", "unknown_permission"),
        ("?territory=XX", "bad_territory"),
    ],
)
def test_what_can_not_be_asked_is_refused(query: str, code: str) -> None:
    assert listed(make_account(), query)["errors"][0]["code"] == code


@pytest.mark.django_db
def test_a_page_takes_as_many_queries_for_many_versions_as_for_one() -> None:
    account = make_account()
    client = program_of(account)
    counts = []
    for more in (1, 30):
        for number in range(more):
            licensable_version(territory=(PLACES[number % 3],))
        keep()
        for _ in range(2):  # what is kept of a key is kept from its second use on
            client.get("/api/v1/partner/licensable")
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/v1/partner/licensable")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_versions_with_the_same_terms_share_a_class_and_changed_terms_are_followed() -> None:
    versions = [licensable_version() for _ in range(3)]
    assert (keep(), keep()) == (3, 0)
    assert LicenceClass.objects.count() == 1
    versions[0].territory = ("JP",)
    versions[0].save()
    index(versions[0])
    assert (LicenceClass.objects.count(), Offer.objects.get(pk=versions[0].pk).licence_class.territory) == (2, ["JP"])


def permits(policy: Policy, slug: str, permissions: Sequence[str], territory: Sequence[str]) -> bool:
    try:
        refuse_what_the_policy_forbids(policy, slug=slug, permissions=permissions, territory=territory, until=TODAY)
    except NotAllowed:
        return False
    return True


class MatrixLaws(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(policies, min_size=1, max_size=6),
        some_of(NAMES),
        some_of(PLACES).filter(bool),
        st.sampled_from(["aoi", "aoi-t"]),
    )
    def test_the_list_holds_exactly_what_the_rules_permit(
        self, offered: list[Policy], permissions: tuple[str, ...], territory: tuple[str, ...], slug: str
    ) -> None:
        account = make_account(0)
        Organisation.objects.filter(account=account).update(slug=slug)
        versions = [licensable_version(**columns_of(policy)) for policy in offered]
        keep()
        partner = agree(account)
        with time_machine.travel(TODAY, tick=False):
            found = {version.pk for version in Licensable(partner, permissions, territory)[0:100]}
        expected = {each.pk for each in versions if permits(policy_of(each), slug, permissions, territory)}
        assert found == expected


def test_nobody_signed_in_is_shown_nothing() -> None:
    assert Client().get("/api/v1/partner/licensable").status_code == 401


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL plans for values that it does not know yet"
)
def test_it_is_never_planned_without_knowing_how_rare_the_terms_are() -> None:
    account, versions = make_account(), [licensable_version() for _ in range(3)]
    keep()
    partner = agree(account)
    for _ in range(ASKED_OFTEN + 3):
        assert len(Licensable(partner, below=versions[-1].pk)[0:50]) == len(versions) - 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%partners_offer%LIMIT%'")
        prepared = [text for (text,) in cursor.fetchall()]
    assert [text for text in prepared if "$1" in text] == []
    assert prepared  # it was asked often enough
