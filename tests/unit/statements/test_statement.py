"""The statement of a month: each entry a line, and totals that a spreadsheet finds too."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from marketplace.accounts.models import User
from marketplace.generation.models import Generation
from marketplace.ledger import services as ledger
from marketplace.ledger.balances import add_checkpoint
from marketplace.ledger.models import Account, Transaction
from marketplace.ledger.periods import Period
from marketplace.payouts.plans import Part, Payee, PlannedShare
from marketplace.payouts.services import set_base_licensor
from marketplace.statements import lines
from marketplace.statements.holders import Holder
from marketplace.statements.lines import opening_balance, statement_lines
from marketplace.statements.months import month_of
from marketplace.statements.sheet import CONTROL, cell, rows, sheet
from marketplace.statements.sold import Sold, share_of
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base
from tests.factories.generation import echo_version, order, paid, payment_key
from tests.factories.payouts import make_organisation
from tests.unit.pages.clients import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.services]
OCTOBER, NOVEMBER = datetime(2026, 10, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        yield clock


def holder(person: User) -> Holder:
    return Holder(Payee(person.pk), person.display_name)


def sold_refunded_and_released(clock: time_machine.Traveller) -> tuple[User, list[Generation]]:
    """An image in October; two in November, of which one is refunded by half, and then all become available."""
    version = echo_version()
    clock.move_to(OCTOBER)
    made = [paid(order(None, version))]
    clock.move_to(NOVEMBER - timedelta(hours=1))
    made.append(paid(order(None, version)))
    clock.move_to(NOVEMBER)
    made.append(paid(order(None, version)))
    Generation.objects.filter(pk=made[1].pk).update(image_sha256="ab" * 32)
    with transaction.atomic():
        ledger.refund(key="refund:1", payment_key=payment_key(made[1]), amount_micro=5_050)
    ledger.release_due(before=NOVEMBER.replace(day=21))
    return version.style.creator, made


def read(text: Iterator[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(text))))


def test_a_month_is_told_entry_by_entry(clock: time_machine.Traveller) -> None:
    creator, made = sold_refunded_and_released(clock)
    found = read(sheet(holder(creator), MONTH))
    style = f"{made[0].adapters.get().version.style.slug},1,creator"
    ids = dict(Transaction.objects.values_list("key", "pk"))

    def line(generation: Generation, kind: str, account: str, key: str, numbers: str, image: str = "") -> str:
        gross, share, amount, balance = numbers.split()
        hour = 11 if key == settled[1] else 12
        about = f"2026-11-20T{hour}:00:00Z,{ids[key]},{key},{kind},{account},{generation.pk},{style}"
        return f"{about},{gross.strip('-')},{share.strip('-')},{amount},{balance},USD,{image},"

    first, second, third = made
    settled = [payment_key(generation) for generation in made]
    image = "ab" * 32
    assert [",".join(row) for row in found] == [
        "date,transaction,key,kind,account,generation,model,version,role,gross_micro,share_bp,amount_micro,balance_micro,"
        "currency,image_sha256,title",
        line(second, "capture", "pending", settled[1], "10000 7000 7000 14000", image),
        line(third, "capture", "pending", settled[2], "10000 7000 7000 21000"),
        line(second, "refund", "pending", "refund:1", "- - -3500 17500", image),
        line(first, "release", "available", f"{settled[0]}:release", "- - 7000 24500"),
        line(first, "release", "pending", f"{settled[0]}:release", "- - -7000 17500"),
        line(second, "release", "available", f"{settled[1]}:release", "- - 3500 21000", image),
        line(second, "release", "pending", f"{settled[1]}:release", "- - -3500 17500", image),
        line(third, "release", "available", f"{settled[2]}:release", "- - 7000 24500"),
        line(third, "release", "pending", f"{settled[2]}:release", "- - -7000 17500"),
        "",
        "control total,opening balance,7000",
        "control total,lines,9",
        "control total,sum of capture,14000",
        "control total,sum of refund,-3500",
        "control total,sum of release,0",
        "control total,sum of all,10500",
        "control total,closing balance,17500",
    ]


def spreadsheet(cells: list[list[str]]) -> dict[str, int]:
    """What a spreadsheet gives for SUM, COUNT and SUMIF over whole columns of the file, control totals included."""
    whole = [row + [""] * (16 - len(row)) for row in cells]
    numbers = [(row[3], int(row[11])) for row in whole if row[11].lstrip("-").isdigit()]
    sums = {"lines": len(numbers), "sum of all": sum(amount for _, amount in numbers)}
    for kind, amount in numbers:
        sums[f"sum of {kind}"] = sums.get(f"sum of {kind}", 0) + amount
    return sums


def test_a_spreadsheet_finds_the_control_totals(clock: time_machine.Traveller) -> None:
    creator, _ = sold_refunded_and_released(clock)
    cells = read(sheet(holder(creator), MONTH))
    told = {row[1]: int(row[2]) for row in cells if row[:1] == [CONTROL]}
    found = spreadsheet(cells)
    assert told == found | {
        "opening balance": 7_000,
        "closing balance": 7_000 + found["sum of all"],
    }
    assert sum(holder(creator).balances()) == told["closing balance"]


def test_what_a_month_holds_does_not_depend_on_checkpoints(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "AT_ONCE", 2)
    creator, _ = sold_refunded_and_released(clock)
    accounts = Account.objects.filter(owner=creator)
    plain = list(sheet(holder(creator), MONTH))
    clock.move_to(datetime(2026, 12, 5, tzinfo=UTC))
    for account in accounts:
        add_checkpoint(account.pk)
    paid(order(None, echo_version(creator=creator)))
    assert list(sheet(holder(creator), MONTH)) == plain
    december = month_of("2026-12")
    opening = opening_balance(holder(creator), december)
    found = [line.balance_micro for line in statement_lines(holder(creator), december, opening_micro=opening)]
    assert (opening, found) == (17_500, [24_500])
    assert opening_balance(holder(creator), month_of("2027-01")) == 24_500


def test_a_part_is_told_with_the_share_of_the_plan_that_gave_it(clock: time_machine.Traveller) -> None:
    """A parent that asks for 10 % of a derivative at 2 credits, and the licensor of the base, of both prices."""
    studio = make_organisation()
    set_base_licensor(base=echo_base(), licensor=studio, share_bp=1_000)
    parent = echo_version(derivatives_share_bp=1_000, may_be_merged=True)
    child = echo_version(parents=[parent], price_micro=20_000, may_be_merged=True)
    paid(order(None, parent, child))
    of_parent = list(statement_lines(holder(parent.style.creator), MONTH, opening_micro=0))
    of_studio = list(
        statement_lines(Holder(Payee(organisation_id=studio.pk), studio.name, studio.slug), MONTH, opening_micro=0)
    )
    told = [(line.model, line.role, line.gross_micro, line.share_bp, line.amount_micro) for line in of_parent]
    assert sorted(told) == [
        (parent.style.slug, "creator", 10_000, 6_000, 6_000),
        (parent.style.slug, "parent", 20_000, 1_000, 2_000),
    ]
    told = [(line.model, line.role, line.gross_micro, line.share_bp, line.amount_micro) for line in of_studio]
    assert sorted(told) == sorted(
        [
            ("", "licensor", 100, 1_000, 10),
            (parent.style.slug, "licensor", 10_000, 1_000, 1_000),
            (child.style.slug, "licensor", 20_000, 1_000, 2_000),
        ]
    )


@pytest.mark.parametrize(("asks", "share"), [((1_000, 1_000), 1_000), ((1_000, 2_000), None)])
def test_two_derivatives_in_one_picture_are_one_line_of_their_ancestor(
    asks: tuple[int, int], share: int | None
) -> None:
    ancestor = Payee(7)
    sold = [
        Sold(f"version:{number}", 10_000 * number, (PlannedShare(Part("parent", ancestor, 1), asked),))
        for number, asked in zip((2, 3), asks, strict=True)
    ]
    assert share_of(sold, subject="version:1", role="parent", payee=ancestor) == (50_000, share)
    assert share_of(sold, subject="version:1", role="parent", payee=Payee(8)) == (None, None)


def test_a_longer_statement_asks_no_more_often(
    clock: time_machine.Traveller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = echo_version()
    for lines_ in (1, 2, 3):
        paid(order(None, version))
        with django_assert_num_queries(9):
            assert len(list(statement_lines(holder(version.style.creator), MONTH, opening_micro=0))) == lines_


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_nocell_of_words_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@given(st.integers(-(2**53), 2**53))
def test_numbers_stay_numbers(number: int) -> None:
    assert cell(number) == number


def test_a_month_without_lines_still_balances() -> None:
    assert list(rows([], 5))[1:] == [
        [],
        [CONTROL, "opening balance", 5],
        [CONTROL, "lines", 0],
        [CONTROL, "sum of all", 0],
        [CONTROL, "closing balance", 5],
    ]


def test_only_members_read_the_statement_of_an_organisation(clock: time_machine.Traveller) -> None:
    member, other = make_user(), make_user()
    studio = make_organisation(member)
    paid(order(None, echo_version(organisation=studio)))
    query = {"organisation": studio.slug, "month": "2026-11"}
    page = signed_in(member).get(reverse("pages:statement"), query)
    text = b"".join(page).decode()
    assert (page["Content-Type"], page["Content-Disposition"], "sum of capture,7000" in text) == (
        "text/csv; charset=utf-8",
        f'attachment; filename="irodori-{studio.slug}-2026-11.csv"',
        True,
    )
    assert signed_in(other).get(reverse("pages:statement"), query).status_code == 404
    program = APIClient()
    program.force_authenticate(member)
    answer = program.get(reverse("api:statement"), query, headers={"Accept": "text/csv"})
    assert b"".join(answer).decode() == text
    program.force_authenticate(other)
    refused = program.get(reverse("api:statement"), query, headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (404, "organisation_not_found")
    assert Client().get(reverse("api:statement")).status_code == 401


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "26-11", "november", "2026-1", "1066-10", "2026-11-20"])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    answer = signed_in().get(reverse("api:statement"), {"month": month})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_month")


def test_december_ends_with_the_year() -> None:
    assert month_of("2026-12") == Period(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
