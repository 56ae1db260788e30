"""Earnings become available some days after the payment, when the buyer's bank can no longer call it back so easily."""

from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction

from marketplace.ledger.lines import Line
from marketplace.ledger.models import Account, Progress, Transaction
from marketplace.ledger.posting import Link, post
from marketplace.ledger.standing import returned, standing

AT_ONCE = 500
RELEASE = "release"
THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def release_due(*, before: datetime) -> int:
    """Make available what was paid before then and is not refunded, and say how many payments were looked at."""
    progress, _ = Progress.objects.get_or_create(task=RELEASE, defaults={"reached": THE_BEGINNING})
    earned = Transaction.objects.filter(
        created_at__gte=progress.reached,
        created_at__lt=before,
        entries__account__kind=Account.Kind.PENDING,
        entries__amount_micro__gt=0,
    )
    due = list(earned.distinct().order_by("created_at", "pk")[:AT_ONCE])
    for earning in due:
        _release(earning)
    if due:
        Progress.objects.filter(task=RELEASE).update(reached=due[-1].created_at)
    return len(due)


@transaction.atomic
def _release(earning: Transaction) -> None:
    """Of the payment, or of one that was reinstated later: then it waited once more."""
    payment = Transaction.objects.select_for_update(no_key=True).get(pk=earning.about_id or earning.pk)
    waiting = [line for line in standing(payment) if line.account.kind == Account.Kind.PENDING]
    key = f"{earning.key}:{RELEASE}"
    if waiting and not Transaction.objects.filter(key=key).exists():
        lines = [*returned(waiting), *map(_available, waiting)]
        post(key=key, kind=RELEASE, lines=lines, link=Link(about=payment))


def _available(line: Line) -> Line:
    return replace(line, account=line.account._replace(kind=Account.Kind.EARNINGS))
