"""The parts of a payment as ledger lines, and as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from marketplace.ledger.lines import Line, Role, pending, platform_revenue
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.payouts.plans import PLATFORM, Part, Payee, Plan, divide

ROLES = [str(role) for role in Role]


@dataclass(frozen=True)
class SplitLine:
    """Who gets what of a payment; `role` is one of marketplace.ledger.lines.Role."""

    payee: str
    role: str
    amount_micro: int


def payee_lines(amount_micro: int, plan: Plan, *, sold: str, currency: str) -> list[Line]:
    """`sold` is the subject of what has no source of its own: "version:7", or "compute"."""
    return [_line(part, amount, sold, currency) for part, amount in divide(amount_micro, plan) if amount]


def subject_of(part: Part, sold: str) -> str:
    """What the ledger says that a part is earned by."""
    return f"{VERSION_SUBJECT}{part.source_id}" if part.source_id else sold


def split_lines(paid: Iterable[tuple[Part, int]], names: dict[Payee, str]) -> tuple[SplitLine, ...]:
    """One line per payee and role, creators first."""
    sums: dict[tuple[str, str], int] = {}
    for part, amount in paid:
        line = (_payee(part, names), str(part.role))
        sums[line] = sums.get(line, 0) + amount
    lines = [SplitLine(payee, role, amount) for (payee, role), amount in sums.items() if amount]
    return tuple(sorted(lines, key=lambda line: ROLES.index(line.role)))


def _line(part: Part, amount_micro: int, sold: str, currency: str) -> Line:
    subject = subject_of(part, sold)
    if part.payee == PLATFORM:
        return Line(platform_revenue(currency), amount_micro, subject, part.role)
    account = pending(part.payee.person_id, currency, part.payee.organisation_id)
    return Line(account, amount_micro, subject, part.role)


def _payee(part: Part, names: dict[Payee, str]) -> str:
    if part.payee == PLATFORM:
        return _("Computation") if part.role == Role.COMPUTE else _("Irodori")
    return names.get(part.payee, "")
