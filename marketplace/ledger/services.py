"""What the rest of the site may do with money. Each effect has a key; done again under the same key it changes nothing."""

from collections.abc import Iterable

from marketplace.ledger.balances import add_checkpoint, checkpoint_long_accounts
from marketplace.ledger.corrections import refund, reinstate
from marketplace.ledger.disputes import open_dispute, win_dispute
from marketplace.ledger.holdback import release_due
from marketplace.ledger.holds import hold, hold_all, settle, void, void_all
from marketplace.ledger.lines import Line, sale_lines, top_up_lines
from marketplace.ledger.models import Transaction
from marketplace.ledger.posting import Link, post

__all__ = [
    "Link",
    "add_checkpoint",
    "checkpoint_long_accounts",
    "hold",
    "hold_all",
    "open_dispute",
    "pay",
    "post",
    "refund",
    "reinstate",
    "release_due",
    "settle",
    "top_up",
    "void",
    "void_all",
    "win_dispute",
]


def top_up(*, key: str, buyer_id: int, amount_micro: int, currency: str = "USD") -> Transaction:
    """Credit a wallet with what the payment provider says is paid."""
    return post(key=key, kind="top_up", lines=top_up_lines(buyer_id, amount_micro, currency))


def pay(*, key: str, buyer_id: int, payees: Iterable[Line], currency: str = "USD") -> Transaction:
    """Pay the payees from the wallet at once, for what is delivered at once. Raises OverdraftError."""
    return post(key=key, kind="sale", lines=sale_lines(buyer_id, payees, currency))
