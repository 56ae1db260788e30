"""Postings per second: 16 processes that each sell to a buyer of their own, through the ledger or by SQL of the rival."""

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from uuid import uuid4

import psycopg
from django.db import connection, transaction

from bench.common import Row, row
from bench.rivals.ledger_sql import sell
from marketplace.accounts.models import User
from marketplace.ledger import services as ledger
from marketplace.ledger.lines import Line, pending, platform_revenue, wallet
from marketplace.ledger.posting import post

WRITERS, CREATORS = 16, 64
TURNS, TURN_S, WARM_UP = 5, 3.0, 20
PRICE, SHARE = 10_000, 7_000
ENOUGH = 10**12
# Forked, so that no writer sets Django up again while another is measured.
PROCESSES = get_context("fork")

Sell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Market:
    """Each writer's buyer, by id, and the creators it sells for, each writer beginning with another."""

    buyers: list[int]
    payees: list[list[int]]

    def sell(self, turn: float) -> float:
        """Postings per second through the ledger, over so many seconds."""
        return _rate(_sells_by_ledger, self.buyers, self.payees, turn)


def open_market() -> Market:
    buyers = [_person(f"buyer{number}") for number in range(WRITERS)]
    creators = [_person(f"creator{number}") for number in range(CREATORS)]
    for buyer in buyers:
        with transaction.atomic():
            ledger.top_up(key=f"top_up:{buyer}", buyer_id=buyer, amount_micro=ENOUGH)
    for creator in creators:  # so that every account is open
        _sells_by_ledger()(f"first:{creator}", buyers[0], creator)
    return Market(buyers, [creators[number:] + creators[:number] for number in range(WRITERS)])


def posting(market: Market) -> list[Row]:
    works: dict[str, Callable[[], float]] = {
        "ours": lambda: market.sell(TURN_S),
        "rival": lambda: _rate(_sells_by_sql, market.buyers, market.payees),
        "hot": lambda: _rate(_sells_by_ledger, market.buyers, [market.payees[0][:1]] * WRITERS),
    }
    rates = _in_turns(works)
    return [
        _ratio("post_16", f"postings/s, {WRITERS} writers, against SQL by hand", "≥ 0.4 x", rates, ("ours", "rival")),
        _ratio("post_hot", "postings/s, one creator with every sale, against 64", "≥ 0.3 x", rates, ("hot", "ours")),
    ]


def _in_turns(works: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(TURNS + 1):
        ledger.checkpoint_long_accounts()  # as the site does every minute
        for name, work in works.items():
            rate = work()
            if turn:  # the first only warms up
                rates[name].append(rate)
    return rates


def _ratio(id_: str, what: str, aim: str, rates: dict[str, list[float]], names: tuple[str, str]) -> Row:
    above, below = (rates[name] for name in names)
    medians = "; ".join(f"{name} {sorted(rates[name])[len(rates[name]) // 2]:.0f}/s" for name in names)
    return row(id_, what, "x", aim, [ours / theirs for ours, theirs in zip(above, below, strict=True)], medians)


def _rate(open_: Callable[[], Sell], buyers: list[int], creators: list[list[int]], turn: float = TURN_S) -> float:
    """Postings per second of all writers together, from when all are connected."""
    ready_to_fork()
    barrier, sums = PROCESSES.Barrier(WRITERS), PROCESSES.Queue()
    writers = [
        PROCESSES.Process(target=_write, args=(open_, buyer, payees, turn, barrier, sums))
        for buyer, payees in zip(buyers, creators, strict=True)
    ]
    for writer in writers:
        writer.start()
    total: int = sum(sums.get(timeout=60) for _ in writers)
    for writer in writers:
        writer.join()
    return total / turn


def ready_to_fork() -> None:
    connection.close()  # A connection can't be shared with the children.
    gc.freeze()  # Else their garbage collectors copy all that was forked, which no writer of a real hub does.


def _write(
    open_: Callable[[], Sell], buyer: int, creators: list[int], turn: float, barrier: Barrier, sums: "Queue[int]"
) -> None:
    sell_one = open_()
    key = str(uuid4())
    for number in range(WARM_UP):
        sell_one(f"{key}:warm-up:{number}", buyer, creators[0])
    barrier.wait()
    ends = time.monotonic() + turn
    for number in count():
        if time.monotonic() >= ends:
            break
        sell_one(f"{key}:{number}", buyer, creators[number % len(creators)])
    sums.put(number)


def _sells_by_ledger() -> Sell:
    def sell_one(key: str, buyer: int, creator: int) -> None:
        lines = [
            Line(wallet(buyer), -PRICE),
            Line(pending(creator), SHARE, "version:1", "creator"),
            Line(platform_revenue(), PRICE - SHARE, "version:1", "platform"),
        ]
        with transaction.atomic():
            post(key=key, kind="sale", lines=lines)

    return sell_one


def _sells_by_sql() -> Sell:
    own = psycopg.connect(os.environ["HUB_DATABASE_URL"], autocommit=True)
    return lambda key, buyer, creator: sell(own, key, buyer, creator, PRICE, SHARE)


def _person(name: str) -> int:
    # No password: nobody signs in, and a hash takes a third of a second.
    return User.objects.create(email=f"{name}@bench.example", display_name=name).pk
