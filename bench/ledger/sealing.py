"""How long a posting waits for its seal while 16 writers post as fast as they can."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.common import Row, row
from bench.ledger.posting import PROCESSES, Market, ready_to_fork
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from marketplace.ledger.sealing.waiting import Look, waiting

# As the site's clock asks for it.
EVERY_S = 2.0
LOOK_S = 0.25
# Long enough for a sealer that falls behind to be seen falling.
TURNS, TURN_S = 3, 15.0


def seal_lag(market: Market) -> Row:
    keys = Keyring(Ed25519PrivateKey.generate())
    _seal_the_rest(keys)
    lags, rates = [], []
    for _ in range(TURNS):
        with _sealing(keys) as seen:
            rates.append(market.sell(TURN_S))
        lags.append(seen.get(timeout=60))
        _seal_the_rest(keys)
    what = f"age of the oldest posting without a seal, at most, over {TURN_S:g} s of 16 writers"
    return row("seal_lag", what, "s", "≤ 5 s", lags, f"at {sorted(rates)[len(rates) // 2]:.0f} postings/s")


@contextmanager
def _sealing(keys: Keyring) -> Iterator["Queue[float]"]:
    """A sealer and an observer, each a process of its own; the queue then holds the longest lag that was seen."""
    ready_to_fork()
    stop, seen = PROCESSES.Event(), PROCESSES.Queue()
    works = [
        PROCESSES.Process(target=_seal, args=(keys, stop)),
        PROCESSES.Process(target=_observe, args=(stop, seen)),
    ]
    for work in works:
        work.start()
    try:
        yield seen
    finally:
        stop.set()
        for work in works:
            work.join()


def _seal(keys: Keyring, stop: Event) -> None:
    while not stop.is_set():
        began = time.monotonic()
        seal_waiting(keys)
        stop.wait(max(0.0, began + EVERY_S - time.monotonic()))


def _observe(stop: Event, seen: "Queue[float]") -> None:
    longest = 0.0
    while not stop.wait(LOOK_S):
        longest = max(longest, waiting().lag.total_seconds())
    # What the quick look does not see counts too.
    seen.put(max(longest, waiting(Look.ALL).lag.total_seconds()))


def _seal_the_rest(keys: Keyring) -> None:
    while seal_waiting(keys, Look.ALL):
        pass
