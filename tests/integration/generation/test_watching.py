"""Who waits for something is told of it until it has ended, and no longer than it is there."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from marketplace.watching import Watcher
from tests.factories.asgi import run

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Sight:
    id: UUID
    ended: bool = False


async def _until_all_is_told(
    watcher: Watcher[Sight], ids: Collection[UUID], after_one: "list[UUID]"
) -> list[Sight | None]:
    told = []
    async for sight in watcher.watch(ids):
        told.append(sight)
        after_one.clear()
    return told


def test_what_is_no_longer_there_is_waited_for_no_more() -> None:
    there = [uuid4()]

    def look(ids: Collection[UUID], _closely: Collection[UUID]) -> Mapping[UUID, Sight]:
        return {id_: Sight(id_) for id_ in ids if id_ in there}

    watcher, ids = Watcher("test", look, every_s=0.05), list(there)
    assert run(asyncio.wait_for(_until_all_is_told(watcher, ids, there), 5)) == [Sight(ids[0])]
    assert watcher.waiting == 0


def test_a_look_that_fails_once_is_taken_again() -> None:
    failures, wanted = [RuntimeError("a fault of ours")], uuid4()

    def look(ids: Collection[UUID], _closely: Collection[UUID]) -> Mapping[UUID, Sight]:
        if failures:
            raise failures.pop()
        return {id_: Sight(id_, ended=True) for id_ in ids}

    watcher = Watcher("test", look, every_s=0.05)
    assert run(asyncio.wait_for(_until_all_is_told(watcher, [wanted], []), 5)) == [Sight(wanted, ended=True)]
