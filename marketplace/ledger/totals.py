"""What all accounts of a kind hold together, from one statement, so that it is the ledger at one moment."""

from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from marketplace.ledger.models import Account, Checkpoint, Entry


def balances_by_kind() -> Mapping[tuple[str, str], int]:
    """(currency, kind) -> micro-units; each account is counted from its newest checkpoint on."""
    newest = Checkpoint.objects.filter(account=OuterRef("pk")).order_by("-entry_id")
    later = Entry.objects.filter(account=OuterRef("pk"), id__gt=OuterRef("after")).order_by().values("account")
    accounts = Account.objects.annotate(
        after=_or_0(newest.values("entry_id")[:1]), before=_or_0(newest.values("balance_micro")[:1])
    ).annotate(later=_or_0(later.annotate(sum=Sum("amount_micro")).values("sum")))
    rows = accounts.values("currency", "kind").annotate(sum=Sum(F("before") + F("later"))).order_by("currency", "kind")
    return {(row["currency"], row["kind"]): int(row["sum"]) for row in rows}


def _or_0(query: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(query), Value(0), output_field=BigIntegerField())
