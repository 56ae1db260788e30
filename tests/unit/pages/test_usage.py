"""The chart of what programs used, counted from their orders."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from marketplace.accounts.acting import acting_credential
from marketplace.accounts.credentials import make_credential
from marketplace.accounts.models import User
from marketplace.generation.models import Generation
from marketplace.generation.usage import Used, used
from marketplace.pages.series import MOST_SERIES
from marketplace.pages.usage import Measure, usage_of
from marketplace.statements.earned import days_until
from tests.factories.accounts import make_organisation, make_user, program_with
from tests.factories.catalogue import echo_base
from tests.factories.ledger import give_credit
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = {"base_model": "echo", "prompt": "a harbour", "width": 64, "height": 64, "steps": 4}


def order_with(secret: str) -> Generation:
    answer = program_with(secret).post("/api/v1/generations", ORDER, content_type="application/json")
    return Generation.objects.get(pk=answer.json()["id"])


def rows(buyer: User, credential: Any, day: date, states: str, price: int = 100) -> None:
    """Orders as they stand in the table: s is delivered, f has failed, q waits."""
    named = {"s": Generation.State.SUCCEEDED, "f": Generation.State.FAILED, "q": Generation.State.QUEUED}
    for state in states:
        made = Generation.objects.create(
            buyer=buyer,
            credential=credential,
            base_model=echo_base(),
            prompt="p",
            width=64,
            height=64,
            steps=4,
            guidance_scale=1.0,
            seed=1,
            scheduler="none",
            price_micro=price,
            compute_micro=price,
            state=named[state],
        )
        Generation.objects.filter(pk=made.pk).update(created_at=datetime(day.year, day.month, day.day, 23, tzinfo=UTC))


def test_what_a_key_orders_is_put_down_to_it_and_to_no_other_request() -> None:
    echo_base()
    user = make_user()
    give_credit(user, 100)
    key, secret = make_credential(account=user, scopes=["generate"])
    assert order_with(secret).credential == key
    assert acting_credential() is None
    signed_in(user).post("/api/v1/generations", ORDER, content_type="application/json")
    assert sorted(Generation.objects.values_list("credential", flat=True), key=bool) == [None, key.pk]


def test_days_and_keys_are_counted_from_the_orders() -> None:
    user = make_user()
    key, _ = make_credential(account=user, scopes=["generate"])
    rows(user, key, TODAY, "sfq")
    rows(user, None, TODAY, "s", price=7)
    rows(user, key, date(2026, 11, 19), "ss")
    rows(user, key, date(2026, 10, 1), "s")
    rows(make_user(), None, TODAY, "s")
    assert used(user, days_until(TODAY, 30)) == [
        Used(date(2026, 11, 19), key.pk, 2, 2, 200),
        Used(TODAY, None, 1, 1, 7),
        Used(TODAY, key.pk, 3, 1, 100),
    ]


@pytest.mark.parametrize(("measure", "total"), [(Measure.ORDERS, 6), (Measure.IMAGES, 4), (Measure.SPENDING, 307)])
def test_each_measure_sums_to_the_table_below_it(measure: Measure, total: int) -> None:
    user = make_user()
    key, _ = make_credential(account=user, scopes=["generate"], name="farm")
    rows(user, key, TODAY, "ssfqs")
    rows(user, None, TODAY, "s", price=7)
    usage = usage_of(user, measure, last_day=TODAY, days=30)
    table = {Measure.ORDERS: "orders", Measure.IMAGES: "images", Measure.SPENDING: "spent_micro"}[measure]
    assert usage.chart.total_micro == sum(getattr(each, table) for each in usage.keys) == total
    assert [each.name for each in usage.keys] == ["farm", "Pages, in a browser"]


def test_many_keys_are_drawn_as_the_largest_and_the_rest() -> None:
    user = make_user()
    for number in range(MOST_SERIES + 3):
        key, _ = make_credential(account=user, scopes=["generate"], name=f"key {number}")
        rows(user, key, TODAY, "s" * (number + 1))
    usage = usage_of(user, Measure.IMAGES, last_day=TODAY, days=7)
    assert [name for _, name in usage.series] == ["key 7", "key 6", "key 5", "key 4", "key 3", "The others"]
    assert len(usage.keys) == MOST_SERIES + 3
    assert [part.amount_micro for part in usage.chart.bars[-1].parts] == [8, 7, 6, 5, 4, 3 + 2 + 1]


@time_machine.travel(NOON, tick=False)
def test_the_page_draws_an_organisations_use_for_those_who_may_see_money() -> None:
    billing, member = make_user(), make_user()
    organisation = make_organisation(billing=billing, member=member)
    account = organisation.account
    assert account is not None
    key, _ = make_credential(account=account, scopes=["generate"], name="render farm")
    rows(account, key, TODAY, "ss", price=1_500_000)
    address = f"/developers/usage/?organisation={organisation.slug}"
    page = signed_in(billing).get(f"{address}&show=spending").content.decode()
    assert ("render farm" in page, "300 credits" in page, "fill-primary" in page) == (True, True, True)
    assert f'href="?organisation={organisation.slug}&amp;show=orders"' in page
    assert "Nothing ordered in this period" in signed_in(billing).get("/developers/usage/").content.decode()
    assert signed_in(member).get(address).status_code == 403
    assert signed_in().get(address).status_code == 404


def test_counting_asks_the_database_as_often_for_many_as_for_one(django_assert_max_num_queries: Any) -> None:
    user = make_user()
    for number in range(4):
        key, _ = make_credential(account=user, scopes=["generate"], name=f"key {number}")
        rows(user, key, TODAY, "ss")
    with django_assert_max_num_queries(2):
        usage_of(user, Measure.IMAGES, last_day=TODAY, days=365)


def test_the_api_tells_the_same_figures_of_ones_own_and_of_an_organisation_whose_wallet_one_may_see() -> None:
    billing, member = make_user(), make_user()
    organisation = make_organisation(billing=billing, member=member)
    assert organisation.account is not None
    key, _ = make_credential(account=organisation.account, scopes=["generate"])
    with time_machine.travel(NOON):
        rows(organisation.account, key, TODAY, "sf")
        rows(billing, None, TODAY, "s", price=7)
        own = signed_in(billing).get("/api/v1/usage?days=7").json()
        theirs = signed_in(billing).get(f"/api/v1/usage?organisation={organisation.slug}").json()
    assert own == {
        "first_day": "2026-11-14",
        "last_day": "2026-11-20",
        "currency": "USD",
        "by_day_and_credential": [
            {"day": "2026-11-20", "credential": None, "orders": 1, "images": 1, "spent_micro": 7},
        ],
    }
    assert theirs["by_day_and_credential"] == [
        {"day": "2026-11-20", "credential": key.pk, "orders": 2, "images": 1, "spent_micro": 100}
    ]
    refused = signed_in(member).get(f"/api/v1/usage?organisation={organisation.slug}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "role_not_enough")
