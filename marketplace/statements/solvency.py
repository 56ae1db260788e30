"""What the platform owes people against what stands behind it, from the ledger's entries alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache

from marketplace.ledger.models import Account
from marketplace.ledger.totals import balances_by_kind

Kind = Account.Kind
OWED = (Kind.WALLET, Kind.HELD, Kind.PENDING, Kind.EARNINGS)
KEPT_SECONDS = 60


@dataclass(frozen=True)
class Solvency:
    """Micro-units of one currency. `owed` is in the order of OWED; `backing` is what payment providers hold for us or
    have paid to us."""

    currency: str
    owed: Mapping[str, int]
    revenue_micro: int
    backing_micro: int

    @property
    def liabilities_micro(self) -> int:
        return sum(self.owed.values())

    @property
    def difference_micro(self) -> int:
        """0, or the ledger is broken."""
        return self.backing_micro - self.liabilities_micro - self.revenue_micro


def solvency() -> list[Solvency]:
    """By currency."""
    balances = balances_by_kind()
    return [_of(currency, balances) for currency in sorted({currency for currency, _ in balances})]


def recent_solvency() -> list[Solvency]:
    """The same, at most a minute old: anyone may ask as often as they like."""
    kept: list[Solvency] | None = cache.get("solvency")
    if kept is None:
        kept = solvency()
        cache.set("solvency", kept, KEPT_SECONDS)
    return kept


def _of(currency: str, balances: Mapping[tuple[str, str], int]) -> Solvency:
    return Solvency(
        currency=currency,
        owed={str(kind): balances.get((currency, kind), 0) for kind in OWED},
        revenue_micro=balances.get((currency, Kind.PLATFORM_REVENUE), 0),
        backing_micro=-balances.get((currency, Kind.PROVIDER_CLEARING), 0),
    )
