"""Which accounts an event moves money between. Pure: nothing here reads or writes the database."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from marketplace.ledger.models import Account

Kind = Account.Kind
PLATFORM = 0


class Role(StrEnum):
    """Why a holder gets a part of a payment."""

    CREATOR = "creator"
    PARENT = "parent"
    DATASET = "dataset"
    LIBRARY = "library"
    LICENSOR = "licensor"
    SELLER = "seller"
    COMPUTE = "compute"
    PLATFORM = "platform"


class AccountName(NamedTuple):
    """An account by what it is; without an owner and an organisation it is the platform's own."""

    kind: str
    owner_id: int = PLATFORM
    currency: str = "USD"
    organisation_id: int = 0


@dataclass(frozen=True)
class Line:
    """`amount_micro` is added to `account`. `subject` says what for ("version:7"), and statements group by it."""

    account: AccountName
    amount_micro: int
    subject: str = ""
    role: str = ""


def fields_of(name: AccountName) -> dict[str, Any]:
    """As the columns of marketplace.ledger.models.Account."""
    return {
        "kind": name.kind,
        "owner_id": name.owner_id or None,
        "organisation_id": name.organisation_id or None,
        "currency": name.currency,
    }


def wallet(owner_id: int, currency: str = "USD") -> AccountName:
    return AccountName(Kind.WALLET, owner_id, currency)


def held(owner_id: int, currency: str = "USD") -> AccountName:
    return AccountName(Kind.HELD, owner_id, currency)


def pending(owner_id: int = 0, currency: str = "USD", organisation_id: int = 0) -> AccountName:
    """Where a part of a payment waits until the holdback is over."""
    return AccountName(Kind.PENDING, owner_id, currency, organisation_id)


def earnings(owner_id: int = 0, currency: str = "USD", organisation_id: int = 0) -> AccountName:
    return AccountName(Kind.EARNINGS, owner_id, currency, organisation_id)


def platform_revenue(currency: str = "USD") -> AccountName:
    return AccountName(Kind.PLATFORM_REVENUE, PLATFORM, currency)


def clearing(currency: str = "USD") -> AccountName:
    return AccountName(Kind.PROVIDER_CLEARING, PLATFORM, currency)


def top_up_lines(buyer_id: int, amount_micro: int, currency: str = "USD") -> list[Line]:
    """The provider owes us what the buyer's wallet gains."""
    return [Line(clearing(currency), -amount_micro), Line(wallet(buyer_id, currency), amount_micro)]


def hold_lines(buyer_id: int, amount_micro: int, currency: str = "USD") -> list[Line]:
    return [Line(wallet(buyer_id, currency), -amount_micro), Line(held(buyer_id, currency), amount_micro)]


def sale_lines(buyer_id: int, payees: Iterable[Line], currency: str = "USD") -> list[Line]:
    """Paid at once from the wallet."""
    paid = list(payees)
    return [Line(wallet(buyer_id, currency), -sum(line.amount_micro for line in paid)), *paid]


def settle_lines(buyer_id: int, held_micro: int, payees: Iterable[Line], currency: str = "USD") -> list[Line]:
    """The hold goes to the payees, and what they don't take returns to the wallet. No payees: all of it returns."""
    paid = list(payees)
    rest = held_micro - sum(line.amount_micro for line in paid)
    return [Line(held(buyer_id, currency), -held_micro), *paid, Line(wallet(buyer_id, currency), rest)]


def combined(lines: Iterable[Line]) -> list[Line]:
    """The same lines with one per account, subject and role, without empty ones, in a stable order."""
    sums: dict[tuple[AccountName, str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.account, line.subject, line.role] += line.amount_micro
    return [Line(account, amount, subject, role) for (account, subject, role), amount in sorted(sums.items()) if amount]
