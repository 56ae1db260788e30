"""Usage and statements: every image and every movement once, with control totals that a spreadsheet finds too."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from time_machine import TimeMachineFixture

from marketplace.accounts.models import User
from marketplace.events import Event, announced
from marketplace.generation.services import cancel
from marketplace.ledger.selectors import held_balance, wallet_balance
from marketplace.partners.issuing import issue_waiting
from marketplace.partners.models import PartnerStatement
from marketplace.partners.revoking import revoke
from marketplace.partners.statements import close_months
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT, give_credit
from tests.factories.partners import deliver, licensable_version, make_account, make_grant, order_under, program_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOVEMBER = "2026-11-20T12:00:00+00:00"
COMPUTE = 100


def sheet(account: User, address: str) -> list[list[str]]:
    answer = program_of(account).get(f"/api/v1/partner/{address}")
    assert answer.status_code == 200, answer.content
    return list(csv.reader(io.StringIO(b"".join(answer).decode())))


def totals(rows: list[list[str]]) -> dict[str, int]:
    return {row[1]: int(row[2]) for row in rows if row and row[0] == "control total"}


def column(rows: list[list[str]], name: str) -> list[str]:
    """Of the lines, without heading and control totals."""
    place = rows[0].index(name)
    return [row[place] for row in rows[1 : rows.index([])]]


def test_usage_counts_each_delivered_image_once_and_for_each_grant(
    time_machine: TimeMachineFixture, receipt_key: object
) -> None:
    time_machine.move_to(NOVEMBER)
    account = make_account()
    prepaid = make_grant(account, payment="prepaid", permissions=("commercial_use", "merging"))
    per_image = make_grant(account, permissions=("commercial_use", "merging"))
    mixed, single = deliver(order_under(account, prepaid, per_image)), deliver(order_under(account, per_image))
    cancel(generation=order_under(account, per_image))
    order_under(account, per_image)
    issue_waiting()
    usage = program_of(account).get("/api/v1/partner/usage").json()
    paid = mixed.price_micro + single.price_micro
    assert (usage["first"], usage["last"]) == ("2026-11-01", "2026-11-20")
    assert (usage["images"], usage["paid_micro"], usage["prepaid_micro"]) == (2, paid, CREDIT)
    assert {line["grant"]: (line["images"], line["paid_micro"]) for line in usage["grants"]} == {
        str(prepaid.pk): (1, mixed.price_micro),
        str(per_image.pk): (2, paid),
    }
    rows = sheet(account, "usage.csv")
    assert column(rows, "generation") == [str(mixed.pk), str(single.pk)]
    assert column(rows, "receipt") == [str(each.licensed_image.receipt.pk) for each in (mixed, single)]
    assert totals(rows) == {"images": 2, "sum of paid_micro": paid, "sum of prepaid_micro": CREDIT}
    assert sum(map(int, column(rows, "paid_micro"))) == paid
    assert program_of(account).get("/api/v1/partner/usage?from=2026-10-01&to=2026-10-31").json()["images"] == 0


def test_another_partner_sees_none_of_it() -> None:
    account = make_account()
    deliver(order_under(account, make_grant(account)))
    assert program_of(make_account()).get("/api/v1/partner/usage").json()["images"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=2026-13-01",
        "from=2026-11-02&to=2026-11-01",
        "from=2024-01-01&to=2026-01-01",
        "from=0001-01-01&to=0001-01-02",
        "from=9999-12-31&to=9999-12-31",
    ],
)
def test_days_that_are_none_are_refused(query: str) -> None:
    for address in ("usage", "usage.csv"):
        answer = program_of(make_account()).get(f"/api/v1/partner/{address}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_days")


def a_november(account: User) -> Any:
    """A prepaid grant, two images of it, and its revocation; what was held and returned leaves no line."""
    grant = make_grant(account, payment="prepaid")
    first = deliver(order_under(account, grant))
    cancel(generation=order_under(account, grant))
    revoke(grant_id=grant.pk, reason="A mistake.")
    return grant, first


def test_a_statement_has_every_movement_and_its_totals_add_up(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-10-20T12:00:00+00:00")
    account = make_account()
    make_grant(account, payment="prepaid")
    time_machine.move_to(NOVEMBER)
    give_credit(account, 5)
    grant, image = a_november(account)
    time_machine.move_to("2026-12-01T00:00:01+00:00")
    make_grant(account, payment="prepaid")
    assert close_months(now=datetime.now(UTC)) == 2
    rows = sheet(account, "statements/2026-11.csv")
    assert list(
        zip(column(rows, "kind"), map(int, column(rows, "amount_micro")), column(rows, "grants"), strict=True)
    ) == [
        ("top_up", 5 * CREDIT, ""),
        ("sale", -10 * CREDIT, str(grant.pk)),
        ("capture", -COMPUTE, str(grant.pk)),
        ("refund", 9 * CREDIT, str(grant.pk)),
    ]
    assert column(rows, "image_sha256") == ["", "", image.image_sha256, ""]
    assert totals(rows) == {
        "opening balance": 990 * CREDIT,
        "lines": 4,
        "sum of capture": -COMPUTE,
        "sum of refund": 9 * CREDIT,
        "sum of sale": -10 * CREDIT,
        "sum of top_up": 5 * CREDIT,
        "sum of all": 4 * CREDIT - COMPUTE,
        "closing balance": 994 * CREDIT - COMPUTE,
    }
    assert int(column(rows, "balance_micro")[-1]) == 994 * CREDIT - COMPUTE
    # December's grant is the only difference to what the wallet holds.
    assert wallet_balance(account) + held_balance(account) == 984 * CREDIT - COMPUTE


def test_months_are_closed_once_and_announced(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-10-20T12:00:00+00:00")
    account = make_account()
    make_grant(account, payment="prepaid")
    heard: list[Event] = []

    def hear(sender: object, event: Event, **_rest: object) -> None:
        heard.append(event)

    announced.connect(hear)
    try:
        assert [close_months(now=datetime(2026, 10, 31, 23, tzinfo=UTC)), *_close_twice()] == [0, 2, 0]
    finally:
        announced.disconnect(hear)
    assert [(event.kind, event.data) for event in heard] == [
        ("statement.ready", {"month": "2026-10", "paid_micro": 10 * CREDIT}),
        ("statement.ready", {"month": "2026-11", "paid_micro": 0}),
    ]
    listed = program_of(account).get("/api/v1/partner/statements").json()
    assert [(line["month"], line["lines"], line["closing_micro"]) for line in listed["results"]] == [
        ("2026-11", 0, 990 * CREDIT),
        ("2026-10", 2, 990 * CREDIT),
    ]


def _close_twice() -> list[int]:
    first_of_december = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=1)
    return [close_months(now=first_of_december) for _ in range(2)]


@pytest.mark.parametrize(("month", "status"), [("2026-11", 404), ("x", 400), ("2026-13", 400)])
def test_there_is_no_statement_of_a_month_that_is_not_over(month: str, status: int) -> None:
    answer = program_of(make_account()).get(f"/api/v1/partner/statements/{month}.csv")
    assert (answer.status_code, PartnerStatement.objects.count()) == (status, 0)


def test_a_creators_statement_tells_what_a_prepaid_grant_brought(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOVEMBER)
    creator = make_user()
    make_grant(make_account(), licensable_version(creator=creator), payment="prepaid")
    answer = program_of(creator).get("/api/v1/earnings/statement.csv?month=2026-11")
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    assert column(rows, "amount_micro") == ["70000"]
    assert column(rows, "kind") == ["sale"]
    assert totals(rows)["closing balance"] == 70_000
