"""Wallet and earnings as people see them."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from marketplace.generation import settlement
from marketplace.ledger.selectors import recent_entries
from marketplace.orders.models import TopUp
from marketplace.pages.bars import bar_chart
from marketplace.pages.daily import earned_by_day
from marketplace.pages.movements import movements
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, order
from tests.factories.ledger import make_buyer
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_wallet_shows_what_is_free_held_and_moved() -> None:
    buyer = make_buyer(10)
    made = order(buyer, echo_version())
    answer = signed_in(buyer).get("/wallet/")
    moved = [(each.kind, each.amount_micro, each.generation_id) for each in answer.context["movements"]]
    assert moved == [("hold", -10_100, made.pk), ("top_up", 100_000, None)]
    assert (answer.context["balance"], answer.context["held"]) == (89_900, 10_100)


def test_the_wallet_says_which_picture_without_asking_for_each(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    buyer = make_buyer(10)
    for prompt in ("a harbour at dawn", "a harbour at dusk"):
        order(buyer, prompt=prompt)
    page = signed_in(buyer).get("/wallet/").content.decode()
    assert ("a harbour at dawn" in page, "a harbour at dusk" in page) == (True, True)
    entries = recent_entries(buyer)
    with django_assert_num_queries(1):
        assert [each.prompt for each in movements(entries)] == ["a harbour at dusk", "a harbour at dawn", ""]


def test_topping_up_leads_to_the_providers_checkout() -> None:
    buyer = make_user()
    client = signed_in(buyer)
    plain = client.post("/wallet/top-up/", {"amount_micro": "5000000"})
    by_htmx = client.post("/wallet/top-up/", {"amount_micro": "5000000"}, headers={"HX-Request": "true"})
    assert (plain.status_code, by_htmx.status_code) == (302, 200)
    # An address of the provider's own would be stopped by form-action; htmx goes there as a link does.
    assert "/plugins/sandbox_payments/" in plain["Location"]
    assert "/plugins/sandbox_payments/" in by_htmx["HX-Redirect"]
    assert list(TopUp.objects.values_list("buyer", "amount_micro", "state")) == [(buyer.pk, 5_000_000, "pending")] * 2


@pytest.mark.parametrize("amount", ["", "1", "-5000000", "5000001", "nan"])
def test_an_amount_that_is_not_offered_is_refused(amount: str) -> None:
    client = signed_in()
    answer = client.post("/wallet/top-up/", {"amount_micro": amount})
    fragment = client.post("/wallet/top-up/", {"amount_micro": amount}, headers={"HX-Request": "true"})
    assert (answer.status_code, fragment.status_code, TopUp.objects.count()) == (400, 200, 0)
    assert "Choose one of the amounts on the page." in fragment.content.decode()


def test_earnings_are_told_by_style_and_by_day() -> None:
    version = echo_version()
    creator = version.style.creator
    for days_ago, images in ((3, 2), (0, 1)):
        with time_machine.travel(TODAY - timedelta(days=days_ago), tick=False):
            for _ in range(images):
                with transaction.atomic():
                    settlement.capture(order(None, version))
    day = TODAY.date()
    assert earned_by_day(creator, until=day, days=5) == {
        day - timedelta(days=4): 0,
        day - timedelta(days=3): 14_000,
        day - timedelta(days=2): 0,
        day - timedelta(days=1): 0,
        day: 7_000,
    }
    page = signed_in(creator).get("/earnings/")
    assert [(row.version, row.images, row.amount_micro) for row in page.context["rows"]] == [(version, 3, 21_000)]
    assert (page.context["pending"], page.context["available"]) == (21_000, 0)


def test_the_highest_bar_fills_the_chart_and_an_empty_day_is_a_line() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 2)
    chart = bar_chart({first: 0, last: 50})
    assert (chart.width, chart.height, chart.total_micro) == ("20.00", "120.00", 50)
    assert [(bar.x, bar.y, bar.height) for bar in chart.bars] == [
        ("1.50", "118.50", "1.50"),
        ("11.50", "0.00", "120.00"),
    ]
