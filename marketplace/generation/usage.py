"""What an account's programs ordered: by day and by key, counted from the orders themselves."""

from dataclasses import dataclass
from datetime import UTC, date

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from marketplace.accounts.models import User
from marketplace.generation.models import Generation
from marketplace.ledger.periods import Period

DELIVERED = Q(state=Generation.State.SUCCEEDED)


@dataclass(frozen=True)
class Used:
    """One key's part of a day in UTC; None is a person's own browser. What was not delivered costs nothing."""

    day: date
    credential_id: int | None
    orders: int
    images: int
    spent_micro: int


def used(account: User, period: Period) -> list[Used]:
    """By the time of ordering, oldest day first."""
    orders = Generation.objects.filter(
        buyer=account,
        purpose=Generation.Purpose.ORDER,
        created_at__gte=period.start,
        created_at__lt=period.end,
    )
    rows = (
        orders.annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day", "credential_id")
        .annotate(
            orders=Count("pk"),
            images=Count("pk", filter=DELIVERED),
            spent=Sum("price_micro", filter=DELIVERED, default=0),
        )
        .order_by("day", F("credential_id").asc(nulls_first=True))
    )
    return [Used(*row) for row in rows]
