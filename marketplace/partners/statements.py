"""A partner's month: every movement of its wallet that paid or returned something, with control totals."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from marketplace.errors import NotFound
from marketplace.generation.settlement import generation_of
from marketplace.ledger.lines import held, wallet
from marketplace.ledger.models import Entry
from marketplace.ledger.periods import Period, balance_before, entries_within
from marketplace.ledger.selectors import accounts_of
from marketplace.partners import announcements
from marketplace.partners.accounts import account_of
from marketplace.partners.models import LicensedImage, Partner, PartnerStatement
from marketplace.statements.months import month_of
from marketplace.statements.sheet import CONTROL, cell

COLUMNS = [
    "date",
    "kind",
    "amount_micro",
    "balance_micro",
    "currency",
    "grants",
    "generation",
    "image_sha256",
    "transaction",
]
CURRENCY = "USD"
AT_ONCE = 500


@dataclass(frozen=True)
class Line:
    """`amount_micro` is below zero where something was paid. Credit that was only held is no line."""

    at: datetime
    kind: str
    amount_micro: int
    balance_micro: int
    grants: str
    generation: UUID | None
    image_sha256: str
    transaction: UUID


def lines(partner: Partner, period: Period) -> Iterator[Line]:
    balance = opening(partner, period)
    movements = iter(_movements(partner, period))
    while page := list(islice(movements, AT_ONCE)):
        images = _images(filter(None, (generation_of(key) for _pk, key, *_rest in page)))
        for pk, key, kind, at, amount in page:
            balance += amount
            generation = generation_of(key)
            grants, sha256 = images.get(generation, (_grant_of(key), "")) if generation else (_grant_of(key), "")
            yield Line(at, kind, amount, balance, grants, generation, sha256, pk)


def opening(partner: Partner, period: Period) -> int:
    """Micro-units in the wallet, held ones too, when the period began."""
    return sum(balance_before(pk, period.start) for pk in _accounts(partner))


def sums_by_kind(partner: Partner, period: Period) -> dict[str, int]:
    """What each kind of movement came to, as the control totals have it; added up by the database."""
    sums = _entries(partner, period).values_list("transaction__kind").annotate(Sum("amount_micro"))
    return {kind: amount for kind, amount in sums.order_by("transaction__kind") if amount}


def statement_rows(partner: Partner, period: Period) -> Iterator[list[str | int]]:
    """As statements of earnings are: lines, then control totals in columns that no sum counts."""
    yield [*COLUMNS]
    begun, count, sums = opening(partner, period), 0, Counter[str]()
    for line in lines(partner, period):
        count += 1
        sums[line.kind] += line.amount_micro
        told = (line.at, line.kind, line.amount_micro, line.balance_micro, CURRENCY)
        yield [cell(value) for value in (*told, line.grants, line.generation, line.image_sha256, line.transaction)]
    yield []
    yield [CONTROL, "opening balance", begun]
    yield [CONTROL, "lines", count]
    for kind in sorted(sums):
        yield [CONTROL, f"sum of {kind}", sums[kind]]
    yield [CONTROL, "sum of all", sum(sums.values())]
    yield [CONTROL, "closing balance", begun + sum(sums.values())]


def close_months(*, now: datetime) -> int:
    """Make the statements of all months that are over and have none. Says how many."""
    partners = Partner.objects.exclude(organisation__account=None).select_related("organisation")
    return sum(_close(partner, month) for partner in partners for month in _months_over(partner, now))


def statements_of(partner: Partner) -> QuerySet[PartnerStatement]:
    return PartnerStatement.objects.filter(partner=partner.pk)


def own_statement(partner: Partner, month: str) -> PartnerStatement:
    """Raises InvalidInput for what is no month, NotFound for one that is not over."""
    period = month_of(month)
    statement = statements_of(partner).filter(month=f"{period.start:%Y-%m}").first()
    if statement is None:
        raise NotFound(_("There is no statement of this month yet."), code="statement_not_found")
    return statement


@transaction.atomic
def _close(partner: Partner, month: str) -> bool:
    period = month_of(month)
    count, paid = 0, 0
    for line in lines(partner, period):
        count, paid = count + 1, paid - min(line.amount_micro, 0)
    closing = sum(balance_before(pk, period.end) for pk in _accounts(partner))
    totals = {"lines": count, "paid_micro": paid, "closing_micro": closing}
    statement, made = PartnerStatement.objects.get_or_create(partner=partner, month=month, defaults=totals)
    if made:
        announcements.statement_ready(statement)
    return made


def _months_over(partner: Partner, now: datetime) -> list[str]:
    """From the month after its newest statement on; of a new partner, from its first month on."""
    newest = partner.statements.order_by("-month").values_list("month", flat=True).first()
    began = month_of(newest).end if newest else partner.created_at
    months, period = [], month_of(f"{began.astimezone(UTC):%Y-%m}")
    while period.end <= now:
        months.append(f"{period.start:%Y-%m}")
        period = month_of(f"{period.end:%Y-%m}")
    return months


def _movements(partner: Partner, period: Period) -> Iterable[tuple[UUID, str, str, datetime, int]]:
    rows = _entries(partner, period).values_list(
        "transaction", "transaction__key", "transaction__kind", "transaction__created_at"
    )
    sums = rows.annotate(sum=Sum("amount_micro")).exclude(sum=0)
    return sums.order_by("transaction__created_at", "transaction").iterator(AT_ONCE)


def _entries(partner: Partner, period: Period) -> QuerySet[Entry]:
    entries = Entry.objects.none()
    for pk in _accounts(partner):
        entries = entries | entries_within(pk, period)
    return entries


def _accounts(partner: Partner) -> list[int]:
    owner = account_of(partner).pk
    return list(accounts_of(wallet(owner, CURRENCY), held(owner, CURRENCY)).values_list("pk", flat=True))


def _images(ids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Grants and hash of each image that was made under some."""
    found = LicensedImage.objects.filter(pk__in=list(ids)).select_related("generation").prefetch_related("grants")
    return {
        image.pk: (" ".join(sorted(str(grant.pk) for grant in image.grants.all())), image.generation.image_sha256)
        for image in found
    }


def _grant_of(key: str) -> str:
    subject, _separator, rest = key.partition(":")
    return rest.partition(":")[0] if subject == "grant" else ""
