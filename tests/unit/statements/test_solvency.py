"""Liabilities against backing: they match to the micro-unit, with and without checkpoints."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from marketplace.ledger import services as ledger
from marketplace.ledger.models import Account, Entry
from marketplace.payouts.services import set_base_licensor
from marketplace.statements.solvency import Solvency, recent_solvency, solvency
from tests.factories.catalogue import echo_base
from tests.factories.generation import echo_version, order, paid
from tests.factories.ledger import give_credit, make_buyer
from tests.factories.payouts import make_organisation

pytestmark = [pytest.mark.django_db, pytest.mark.services]
BOOK = Solvency(
    currency="USD",
    owed={"wallet": 1_000_000 - 2 * 10_100, "held": 10_100, "pending": 7_010, "earnings": 0},
    revenue_micro=3_090,
    backing_micro=1_000_000,
)


@pytest.fixture(autouse=True)
def forgotten() -> None:
    cache.clear()


def one_delivered_one_waiting() -> None:
    studio, buyer = make_organisation(), make_buyer(100)
    set_base_licensor(base=echo_base(), licensor=studio, share_bp=1_000)
    version = echo_version()
    paid(order(buyer, version))
    order(buyer, version)


def test_what_is_owed_is_what_was_paid_in() -> None:
    one_delivered_one_waiting()
    assert (solvency(), solvency()[0].difference_micro) == ([BOOK], 0)


def test_checkpoints_change_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one_delivered_one_waiting()
    for account in Account.objects.all():
        ledger.add_checkpoint(account.pk)
    with django_assert_num_queries(1):
        assert solvency() == [BOOK]
    give_credit(make_buyer(1), 2)
    assert (solvency()[0].backing_micro, solvency()[0].difference_micro) == (1_030_000, 0)


def test_an_entry_too_much_would_show() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL refuses such an entry at commit.")
    one_delivered_one_waiting()
    entry = Entry.objects.get(account__kind="held", amount_micro__gt=0, transaction__settled_by=None)
    Entry.objects.create(transaction=entry.transaction, account=entry.account, amount_micro=1)
    assert solvency()[0].difference_micro == -1
    assert "Off by" in Client().get("/solvency/").content.decode()


def test_anyone_may_look_and_the_answer_is_kept_for_a_minute(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one_delivered_one_waiting()
    page = Client().get("/solvency/")
    assert (page.status_code, "Both sides match exactly" in page.content.decode()) == (200, True)
    with django_assert_num_queries(0):
        assert recent_solvency() == [BOOK]
