"""What the ledger refuses."""

from django.utils.translation import gettext as _

from marketplace.errors import Conflict, NotEnoughCredit
from marketplace.ledger.money import format_credits


class KeyReusedError(Conflict):
    """The key was used before for other lines: two different effects claim to be the same one."""

    code = "ledger_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(_("This was already settled in another way."))
        self.key = key


class OverdraftError(NotEnoughCredit):
    """An account that can't go below zero would."""

    def __init__(self, missing_micro: int) -> None:
        super().__init__(
            _("Your credit is %(missing)s credits short. Top up your wallet and try again.")
            % {"missing": format_credits(missing_micro)}
        )
        self.missing_micro = missing_micro


class NothingLeftError(Conflict):
    """More was to be returned of a payment than is left of it."""

    code = "nothing_left_to_refund"

    def __init__(self, left_micro: int) -> None:
        super().__init__(
            _("%(left)s credits are left of this payment. Return at most that.") % {"left": format_credits(left_micro)}
        )
        self.left_micro = left_micro
