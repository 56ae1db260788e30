"""Who may do what for an organisation: one table, which pages, REST and the documentation read."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    BILLING = "billing", _("Billing")
    DEVELOPER = "developer", _("Developer")
    MEMBER = "member", _("Member")


class Right(StrEnum):
    SEE = "see"
    SEE_MONEY = "see_money"
    TOP_UP = "top_up"
    KEYS = "keys"
    MANAGE = "manage"


RIGHTS = {
    Right.SEE: _("See members, and what the organisation earns"),
    Right.SEE_MONEY: _("See the wallet and what was spent"),
    Right.TOP_UP: _("Top up the wallet"),
    # Who can make a key that licenses may license by hand.
    Right.KEYS: _("Make, rotate and revoke its API keys and OAuth clients, and license styles for it"),
    Right.MANAGE: _("Rename it, invite, remove, and give roles"),
}
MAY: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.BILLING: frozenset({Right.SEE, Right.SEE_MONEY, Right.TOP_UP}),
    Role.DEVELOPER: frozenset({Right.SEE, Right.SEE_MONEY, Right.KEYS}),
    Role.MEMBER: frozenset({Right.SEE}),
}
