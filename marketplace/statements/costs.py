"""What delivered images took and cost, next to what computing them earned. For those who run the hub."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, Sum

from marketplace.generation.models import Generation
from marketplace.ledger.lines import Role, platform_revenue
from marketplace.ledger.money import MICRO_PER_UNIT
from marketplace.ledger.periods import Period, entries_within
from marketplace.ledger.selectors import accounts_of

HOUR_SECONDS = 3600
KWH_JOULES = 3_600_000
MEASURED = ("seconds", "device_seconds", "energy_joules")
DELIVERED = Q(state=Generation.State.SUCCEEDED)


@dataclass(frozen=True)
class Measured:
    """A sum over those images of which it was reported; None where it was reported of none."""

    images: int
    total: float | None

    @property
    def per_image(self) -> float | None:
        return None if self.total is None else self.total / self.images


@dataclass(frozen=True)
class Costs:
    """`images` were delivered, `samples` of them at the hub's own cost. Prices are in US dollars, 0 where not said.

    Images that did not report are reckoned at the mean of those that did.
    """

    images: int
    samples: int
    worker_seconds: Measured
    device_seconds: Measured
    energy_joules: Measured
    hour_price: float
    energy_price: float
    earned_micro: int

    @property
    def device_cost(self) -> float | None:
        """Per image, in US dollars."""
        seconds = self.device_seconds.per_image
        return None if seconds is None or not self.hour_price else seconds / HOUR_SECONDS * self.hour_price

    @property
    def energy_cost(self) -> float | None:
        """Per image, in US dollars."""
        joules = self.energy_joules.per_image
        return None if joules is None or not self.energy_price else joules / KWH_JOULES * self.energy_price

    @property
    def cost(self) -> float | None:
        """Per image, of what is known."""
        known = [part for part in (self.device_cost, self.energy_cost) if part is not None]
        return sum(known) if known else None

    @property
    def earned(self) -> float | None:
        """By computing, per image, in US dollars."""
        return self.earned_micro / MICRO_PER_UNIT / self.images if self.images else None


def costs(period: Period) -> Costs:
    row = Generation.objects.filter(DELIVERED, finished_at__gte=period.start, finished_at__lt=period.end).aggregate(
        images=Count("pk"),
        samples=Count("pk", filter=Q(purpose=Generation.Purpose.SAMPLE)),
        **{f"{name}_{what}": way(name) for name in MEASURED for what, way in (("of", Count), ("sum", Sum))},
    )
    return Costs(
        images=row["images"],
        samples=row["samples"],
        worker_seconds=Measured(row["seconds_of"], row["seconds_sum"]),
        device_seconds=Measured(row["device_seconds_of"], row["device_seconds_sum"]),
        energy_joules=Measured(row["energy_joules_of"], row["energy_joules_sum"]),
        hour_price=settings.HUB.device_hour_price,
        energy_price=settings.SITE.energy_price,
        earned_micro=_earned(period),
    )


def _earned(period: Period) -> int:
    """What the platform kept of computing, refunds taken off."""
    accounts = accounts_of(platform_revenue())
    entries = [entries_within(account.pk, period).filter(role=Role.COMPUTE) for account in accounts]
    return sum(int(each.aggregate(sum=Sum("amount_micro", default=0))["sum"]) for each in entries)
