"""Fault: a hundred orders at once from a wallet that pays for seven."""

from collections import Counter

from tests.e2e.faults.at_once import at_once
from tests.e2e.faults.buyers import PRICE_MICRO
from tests.e2e.faults.scene import Scene

ORDERS, PAID_FOR = 100, 7


def overspending(scene: Scene) -> str:
    buyer = scene.buyer(PAID_FOR * PRICE_MICRO)
    statuses = Counter(at_once([buyer.order] * ORDERS))
    assert statuses == {201: PAID_FOR, 402: ORDERS - PAID_FOR}, f"the answers were {dict(statuses)}"
    return f"{PAID_FOR} of {ORDERS} were taken"
