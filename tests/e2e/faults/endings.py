"""Fault: two ways to end the same hold, or to take the same payment back, in the same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from django.db import transaction

from marketplace.ledger import services as ledger
from marketplace.ledger.errors import KeyReusedError, NothingLeftError
from marketplace.ledger.lines import Line, pending, platform_revenue
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import earned_balance, held_balance, wallet_balance
from tests.e2e.faults.at_once import at_once
from tests.e2e.faults.buyers import Buyer
from tests.e2e.faults.scene import Scene

HELD, SHARE = 1_000, 700
Act = Callable[[str, Buyer, Buyer], str]


def endings(scene: Scene) -> str:
    rounds = 10 if scene.short else 200
    duels: dict[str, Act] = {
        "capture or void": partial(_end_twice, _capture, _void),
        "refund or refund": _refund_twice,
        "capture then refund": _refund_while_captured,
    }
    found = {name: _duels(scene, duel, f"{name} {scene.chance.random()}", rounds) for name, duel in duels.items()}
    return "; ".join(f"{name} {dict(sorted(outcomes.items()))}" for name, outcomes in found.items())


def _duels(scene: Scene, duel: Act, name: str, rounds: int) -> Counter[str]:
    """Each round leaves its money where its outcome says, and nowhere else."""
    buyer, creator = scene.buyer(rounds * HELD), scene.buyer()
    outcomes = Counter(duel(f"faults:{name}:{number}", buyer, creator) for number in range(rounds))
    paid = outcomes["captured"]
    stands = wallet_balance(buyer.user), held_balance(buyer.user), earned_balance(creator.user)
    expected = ((rounds - paid) * HELD, 0, paid * SHARE)
    assert stands == expected, f"{name}: {dict(outcomes)}, but wallet, held and earned are {stands}"
    return outcomes


def _end_twice(one: Act, other: Act, key: str, buyer: Buyer, creator: Buyer) -> str:
    _hold(key, buyer)
    ends = at_once([partial(one, key, buyer, creator), partial(other, key, buyer, creator)])
    won = [end for end in ends if end != "refused"]
    assert len(won) == 1, f"{key} ended as {ends}"
    return won[0]


def _refund_twice(key: str, buyer: Buyer, creator: Buyer) -> str:
    _hold(key, buyer)
    _capture(key, buyer, creator)
    ends = at_once([partial(_refund, key, number) for number in ("1", "2")])
    assert sorted(ends) == ["refunded", "refused"], f"{key} ended as {ends}"
    return "refunded"


def _refund_while_captured(key: str, buyer: Buyer, creator: Buyer) -> str:
    _hold(key, buyer)
    captured, refunded = at_once([partial(_capture, key, buyer, creator), partial(_refund, key, "1")])
    assert captured == "captured", f"{key} was {captured}"
    return "refunded" if refunded == "refunded" else "captured"


def _hold(key: str, buyer: Buyer) -> None:
    with transaction.atomic():
        ledger.hold(key=key, buyer_id=buyer.user.pk, amount_micro=HELD)


def _capture(key: str, buyer: Buyer, creator: Buyer) -> str:
    payees = [Line(pending(creator.user.pk), SHARE), Line(platform_revenue(), HELD - SHARE)]
    return _tried("captured", lambda: ledger.settle(key=f"{key}:capture", hold_key=key, payees=payees))


def _void(key: str, buyer: Buyer, creator: Buyer) -> str:
    return _tried("voided", lambda: ledger.void(key=f"{key}:void", hold_key=key))


def _refund(key: str, number: str) -> str:
    return _tried("refunded", lambda: ledger.refund(key=f"{key}:refund:{number}", payment_key=f"{key}:capture"))


def _tried(done: str, act: Callable[[], Transaction]) -> str:
    try:
        with transaction.atomic():
            act()
    except (KeyReusedError, NothingLeftError, Transaction.DoesNotExist):
        return "refused"
    return done
