"""Earnings by day, model, source and lineage, from real sales."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.terms import Contributor, ContributorKind
from marketplace.ledger import services as ledger
from marketplace.payouts.plans import Payee
from marketplace.payouts.services import set_base_licensor
from marketplace.statements.earned import (
    Earned,
    OfDerivative,
    OfModel,
    by_lineage,
    by_model,
    by_source,
    days_until,
    earned,
)
from marketplace.statements.holders import Holder
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base
from tests.factories.generation import echo_version, order, paid, payment_key
from tests.factories.payouts import make_organisation

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
WEEK = days_until(TODAY, 7)


def holder(person: User) -> Holder:
    return Holder(Payee(person.pk), person.display_name)


def of(version: StyleVersion) -> str:
    return f"version:{version.pk}"


def test_refunds_count_against_and_releases_add_nothing() -> None:
    version = echo_version()
    with time_machine.travel(NOW - timedelta(days=7), tick=False):
        paid(order(None, version))
    with time_machine.travel(NOW - timedelta(days=6), tick=False):
        first = paid(order(None, version))
    with time_machine.travel(NOW, tick=False):
        paid(order(None, version))
        ledger.release_due(before=NOW)
        with transaction.atomic():
            ledger.refund(key="refund:1", payment_key=payment_key(first), amount_micro=5_050)
        found = earned(holder(version.style.creator), WEEK)
        models = by_model(holder(version.style.creator), WEEK, found)
    assert found == [
        Earned(date(2026, 11, 14), of(version), "creator", 7_000),
        Earned(TODAY, of(version), "creator", 3_500),
    ]
    assert models == [OfModel(version, 2, 10_500)]


@time_machine.travel(NOW, tick=False)
def test_all_ways_to_earn_are_told_apart() -> None:
    person = make_user()
    own = echo_version(creator=person, derivatives_share_bp=1_000, may_be_merged=True)
    child = echo_version(parents=[own], price_micro=20_000, may_be_merged=True)
    other = echo_version(contributors=(Contributor(ContributorKind.DATASET, person.email, 500),), may_be_merged=True)
    for sold in ((own,), (child,), (child,), (other,), (child, other)):
        paid(order(None, *sold))
    ledger.release_due(before=NOW + timedelta(hours=1))
    found = earned(holder(person), WEEK)
    assert by_source(found) == {"creator": 7_000, "parent": 6_000, "dataset": 1_000}
    assert by_model(holder(person), WEEK, found) == [OfModel(own, 4, 13_000), OfModel(other, 2, 1_000)]
    assert by_lineage(holder(person), WEEK) == [OfDerivative(own, child, 2, 4_000), OfDerivative(own, None, 1, 2_000)]


@time_machine.travel(NOW, tick=False)
def test_a_licensor_earns_by_computing_too() -> None:
    studio = make_organisation()
    set_base_licensor(base=echo_base(), licensor=studio, share_bp=1_000)
    version = echo_version()
    paid(order(None, version))
    of_studio = Holder(Payee(organisation_id=studio.pk), studio.name, studio.slug)
    found = earned(of_studio, WEEK)
    assert by_source(found) == {"licensor": 1_010}
    assert by_model(of_studio, WEEK, found) == [OfModel(version, 1, 1_000), OfModel(None, 1, 10)]
    assert by_lineage(of_studio, WEEK) == []


@time_machine.travel(NOW, tick=False)
def test_more_sales_ask_no_more_often(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    own = echo_version(derivatives_share_bp=1_000)
    person = holder(own.style.creator)
    for _ in range(3):
        paid(order(None, echo_version(parents=[own])))
        with django_assert_num_queries(14):
            by_model(person, WEEK, earned(person, WEEK))
            by_lineage(person, WEEK)
