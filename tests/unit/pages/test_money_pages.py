"""Wallet and earnings as people see them."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from marketplace.ledger.selectors import recent_entries
from marketplace.orders.models import TopUp
from marketplace.pages.bars import Bar, Part, stacked_bars
from marketplace.statements.movements import movements
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, order, paid
from tests.factories.ledger import make_buyer
from tests.factories.payouts import make_organisation
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


def test_earnings_are_told_by_day_source_model_and_lineage() -> None:
    version = echo_version(derivatives_share_bp=1_000)
    child = echo_version(parents=[version], creator=version.style.creator)
    for days_ago, sold in ((40, version), (3, version), (3, version), (0, child)):
        with time_machine.travel(TODAY - timedelta(days=days_ago), tick=False):
            paid(order(None, sold))
    with time_machine.travel(TODAY, tick=False):
        client = signed_in(version.style.creator)
        page = client.get("/earnings/", {"days": 7})
    context = page.context
    bars = [(bar.day.day, [(part.source, part.amount_micro) for part in bar.parts]) for bar in context["chart"].bars]
    assert bars == [
        (14, []),
        (15, []),
        (16, []),
        (17, [("creator", 14_000)]),
        (18, []),
        (19, []),
        (20, [("creator", 6_000), ("parent", 1_000)]),
    ]
    assert context["sources"] == {"creator": 20_000, "parent": 1_000}
    assert [(bar.row.version, bar.row.sales, bar.row.amount_micro, bar.length) for bar in context["models"]] == [
        (version, 3, 15_000, "100.00"),
        (child, 1, 6_000, "40.00"),
    ]
    assert [(line.own, line.sold, line.amount_micro) for line in context["lineage"]] == [(version, child, 1_000)]
    assert (context["pending"], context["available"]) == (28_000, 0)


def test_members_see_what_their_organisation_earned_and_nobody_else_does() -> None:
    member = make_user()
    studio = make_organisation(member)
    paid(order(None, echo_version(organisation=studio)))
    page = signed_in(member).get("/earnings/", {"organisation": studio.slug})
    assert (page.context["pending"], page.context["chart"].total_micro) == (7_000, 7_000)
    assert [holder.name for holder in page.context["holders"]] == [member.display_name, studio.name]
    assert f'name="organisation" value="{studio.slug}"' in page.content.decode()
    assert signed_in().get("/earnings/", {"organisation": studio.slug}).status_code == 404


def test_more_models_and_days_ask_no_more_often(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    creator = make_user()
    client = signed_in(creator)
    for _ in range(3):
        own = echo_version(creator=creator, derivatives_share_bp=1_000)
        paid(order(None, own))
        paid(order(None, echo_version(parents=[own])))
        with django_assert_num_queries(22):
            client.get("/earnings/")


def test_the_highest_bar_fills_the_chart_and_its_parts_are_stacked() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 2)
    amounts = {(last, "creator"): 30, (last, "parent"): 20, (first, "creator"): -5}
    chart = stacked_bars(amounts, ["creator", "parent"], last_day=last, days=2)
    assert (chart.width, chart.height, chart.total_micro) == ("20.00", "120.00", 45)
    assert chart.bars == (
        Bar(first, -5, "1.50", (Part("creator", -5, "120.00", "0.00"),)),
        Bar(last, 50, "11.50", (Part("creator", 30, "48.00", "72.00"), Part("parent", 20, "0.00", "48.00"))),
    )


def test_a_year_is_drawn_in_weeks_that_end_today() -> None:
    last = date(2026, 11, 20)
    amounts = {(last - timedelta(days=back), "creator"): 1 for back in range(365)}
    chart = stacked_bars(amounts, ["creator"], last_day=last, days=365, days_per_bar=7)
    assert (len(chart.bars), chart.bars[0].day, chart.bars[-1].day) == (53, date(2025, 11, 21), date(2026, 11, 14))
    assert [bar.amount_micro for bar in chart.bars] == [1] + [7] * 52
