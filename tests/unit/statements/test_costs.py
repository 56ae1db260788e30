"""What images took and cost, next to what computing them earned."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hub.jobs import GenerationSucceeded
from marketplace.generation.models import Generation
from marketplace.ledger import services as ledger
from marketplace.statements.costs import Costs, Measured, costs
from marketplace.statements.earned import days_until
from tests.factories.accounts import make_staff
from tests.factories.generation import order, paid, payment_key, succeeded
from tests.unit.pages.clients import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WEEK = days_until(date(2026, 11, 20), 7)
NOTHING = Costs(0, 0, Measured(0, None), Measured(0, None), Measured(0, None), 0.0, 0.0, 0)


@pytest.fixture
def prices(settings: Any) -> None:
    settings.HUB = settings.HUB.model_copy(update={"device_hour_price": 3.6})
    settings.SITE = settings.SITE.model_copy(update={"energy_price": 0.36})


def delivered(**told: float) -> Generation:
    """Paid for; `told` is what the worker said that it took."""
    made = paid(order())
    Generation.objects.filter(pk=made.pk).update(state=Generation.State.SUCCEEDED, finished_at=timezone.now(), **told)
    return made


def test_where_nothing_is_reported_nothing_is_made_up() -> None:
    found = costs(WEEK)
    assert (found, found.cost, found.earned) == (NOTHING, None, None)
    page = signed_in(make_staff()).get("/costs/").content.decode()
    assert (page.count("not reported"), page.count("not known")) == (3, 4)


@pytest.mark.usefixtures("prices")
def test_spent_stands_next_to_earned(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with time_machine.travel(NOW - timedelta(days=7), tick=False):
        delivered(device_seconds=100.0)  # a day too old
    with time_machine.travel(NOW, tick=False):
        order()  # not delivered
        delivered(device_seconds=2.0, energy_joules=500.0, seconds=3.0)
        delivered(seconds=6.0)
        refunded = delivered(device_seconds=1.0, seconds=3.0)
        with transaction.atomic():
            ledger.refund(key="refund:1", payment_key=payment_key(refunded))
        with django_assert_num_queries(5):
            found = costs(WEEK)
    assert found == Costs(
        images=3,
        samples=0,
        worker_seconds=Measured(3, 12.0),
        device_seconds=Measured(2, 3.0),
        energy_joules=Measured(1, 500.0),
        hour_price=3.6,
        energy_price=0.36,
        earned_micro=200,
    )
    # 1.5 s at 0.001 USD, and 500 J at a ten-millionth.
    told = (found.device_cost, found.energy_cost, found.cost, found.earned)
    assert [round(each, 9) for each in told if each is not None] == [0.0015, 0.00005, 0.00155, 0.000066667]


def test_only_staff_see_costs() -> None:
    assert (signed_in().get("/costs/").status_code, Client().get("/costs/").status_code) == (404, 302)


def test_a_report_leaves_out_what_was_not_measured_and_may_come_from_an_older_worker() -> None:
    made = order()
    plain = succeeded(made).model_dump(mode="json")
    told = succeeded(made, device_seconds=2.0, energy_joules=0.0).model_dump(mode="json")
    assert set(told) - set(plain) == {"device_seconds", "energy_joules"}
    assert GenerationSucceeded.model_validate(plain).device_seconds is None
