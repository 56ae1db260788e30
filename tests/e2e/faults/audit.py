"""The books after everything: what must be so whatever was killed and whoever raced."""

import hashlib
from collections import Counter

from django.db.models import Count, Sum

from hub.object_store import object_store
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.ledger.balances import balance_of
from marketplace.ledger.models import Account, Entry, Transaction
from marketplace.ledger.posting import MAY_GO_BELOW_ZERO
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from tests.e2e.faults.buyers import Buyer

PAID, RETURNED = ["capture", "hold"], ["hold", "void"]


def check_books() -> str:
    """Raises AssertionError that names what is wrong."""
    assert sum_of_all_entries() == 0, f"all entries sum to {sum_of_all_entries()}"
    crooked = Transaction.objects.annotate(sum=Sum("entries__amount_micro")).exclude(sum=0)
    assert not crooked.exists(), f"transactions that do not sum to zero: {list(crooked)}"
    for account in Account.objects.all():
        _check_account(account)
    return f"{Transaction.objects.count()} transactions"


def check_orders(buyer: Buyer) -> str:
    """Each picture that was delivered is paid once, each that was not returned, each promise kept."""
    orders = list(Generation.objects.filter(buyer=buyer.user))
    lost = set(buyer.promised) - {order.pk for order in orders}
    assert not lost, f"orders that the site took and forgot: {lost}"
    for order in orders:
        _check_order(order)
    paid_in = Entry.objects.filter(account__owner=buyer.user, account__kind="wallet", transaction__kind="top_up")
    credit = paid_in.aggregate(sum=Sum("amount_micro", default=0))["sum"]
    spent = sum(order.price_micro for order in orders if order.state == Generation.State.SUCCEEDED)
    purse = wallet_balance(buyer.user), held_balance(buyer.user)
    assert purse == (credit - spent, 0), f"free and held are {purse} after {spent} of {credit} were spent"
    states = Counter(f"{order.state} {order.failure_code}".strip() for order in orders)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def open_orders() -> int:
    return Generation.objects.filter(state__in=OPEN).count()


def check_holds() -> str:
    """Every hold is ended, by one transaction."""
    holds = Transaction.objects.filter(kind="hold").annotate(ends=Count("settled_by"))
    wrong = {hold.key: hold.ends for hold in holds if hold.ends != 1}
    assert not wrong, f"holds and how often each was ended: {wrong}"
    return f"{holds.count()} holds, each ended once"


def _check_account(account: Account) -> None:
    added = Entry.objects.filter(account=account).aggregate(sum=Sum("amount_micro", default=0))["sum"]
    assert balance_of(account.pk) == added, f"{account} has checkpoints that drifted from its entries"
    assert added >= 0 or account.kind in MAY_GO_BELOW_ZERO, f"{account} is overdrawn: {added}"


def _check_order(order: Generation) -> None:
    kinds = sorted(Transaction.objects.filter(key__startswith=f"generation:{order.pk}:").values_list("kind", flat=True))
    delivered = order.state == Generation.State.SUCCEEDED
    assert kinds == (PAID if delivered else RETURNED), (
        f"{order.pk} ({order.prompt}) is {order.state}, and its money did {kinds}"
    )
    if delivered:
        content = object_store().get(order.image_key)
        assert hashlib.sha256(content).hexdigest() == order.image_sha256, f"{order.pk} is not the picture paid for"
