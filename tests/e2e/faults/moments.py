"""The moments between two steps of a generation, each held open from outside: by a stopped process or a locked table."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from redis import Redis

from hub import keys
from hub.jobs import SITE_QUEUE
from hub.local.folder import DataFolder
from hub.object_store import ObjectMissingError, object_store
from marketplace.generation.models import Generation
from tests.e2e.faults.buyers import Buyer
from tests.e2e.faults.hub_on_postgres import Hub, within

REACHED_S = 30.0
Moment = Callable[[Hub, Buyer, str], AbstractContextManager[None]]


@contextmanager
def asked(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The site writes order and hold, and has not committed."""
    with _ledger_locked(hub):
        buyer.order_later(prompt)
        _until(lambda: _waits_for_the_lock(hub), "the site waits to write the hold")
        yield


@contextmanager
def held(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The hold is committed, and no message is sent."""
    with hub.frozen("broker"):
        buyer.order_later(prompt)
        _until(lambda: _order(prompt, state="queued") is not None, "the order is saved")
        yield


@contextmanager
def sent(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The message is on its way, and no worker has answered."""
    with hub.frozen("generate"):
        buyer.order_later(prompt)
        _until(lambda: _is_sent(hub, prompt), "the order is sent")
        yield


@contextmanager
def started(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """A worker draws it, and nothing is stored."""
    buyer.order_later(prompt)
    _until(lambda: _order(prompt, state="running") is not None, "the order is started")
    with hub.frozen("generate"):
        yield


@contextmanager
def stored(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The picture is in the store, and the worker can't report it."""
    buyer.order_later(prompt)
    _until(lambda: _order(prompt, state="running") is not None, "the order is started")
    with hub.frozen("broker"):
        _until(lambda: _is_stored(prompt), "the picture is stored")
        yield


@contextmanager
def reported(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The report is in the queue, and the site's worker has not read it."""
    buyer.order_later(prompt)
    _until(lambda: _order(prompt, state="running") is not None, "the order is started")
    with hub.frozen("site-worker"), Redis.from_url(hub.env["HUB_BROKER_URL"]) as broker:
        _until(lambda: _is_stored(prompt) and broker.llen(SITE_QUEUE) != 0, "the report is in the queue")
        yield


@contextmanager
def settling(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """The site's worker has written that it is delivered, and waits to write the payment."""
    buyer.order_later(prompt)
    _until(lambda: _order(prompt, state="running") is not None, "the order is started")
    with _ledger_locked(hub):
        _until(lambda: _waits_for_the_lock(hub), "the site's worker waits to write the payment")
        yield


@contextmanager
def settled(hub: Hub, buyer: Buyer, prompt: str) -> Iterator[None]:
    """It is over."""
    buyer.order_later(prompt)
    _until(lambda: _order(prompt, state="succeeded") is not None, "the order is delivered")
    yield


MOMENTS: tuple[Moment, ...] = (asked, held, sent, started, stored, reported, settling, settled)


@contextmanager
def _ledger_locked(hub: Hub) -> Iterator[None]:
    """Nobody else can add an entry. A database that is killed meanwhile forgets the lock."""
    with suppress(psycopg.OperationalError), psycopg.connect(hub.env["HUB_DATABASE_URL"]) as locking:
        locking.execute("LOCK TABLE ledger_entry IN EXCLUSIVE MODE")
        yield


def _waits_for_the_lock(hub: Hub) -> bool:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'ledger_entry'::regclass"
    with connection.cursor() as cursor:
        cursor.execute(waiting)
        return cursor.fetchone() is not None


def _order(prompt: str, **wanted: Any) -> Generation | None:
    return Generation.objects.filter(prompt=prompt, **wanted).first()


def _is_sent(hub: Hub, prompt: str) -> bool:
    """Its row says so from the first; the site notes it in its log once the broker has it."""
    order = _order(prompt)
    lines = DataFolder(Path(hub.env["HUB_DATA_DIR"])).log("site").read_text().splitlines()
    return order is not None and any("generation.sent" in line and str(order.pk) in line for line in lines)


def _is_stored(prompt: str) -> bool:
    order = _order(prompt)
    assert order is not None
    try:
        return object_store().size(keys.output(order.pk, order.attempt)) > 0
    except ObjectMissingError:
        return False


def _until(happens: Callable[[], bool], what: str) -> None:
    within(REACHED_S, happens, what)
