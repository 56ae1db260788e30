"""Waits for generations and watches them, for every API that does: see marketplace.watching."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from uuid import UUID

from marketplace.generation.looking import look
from marketplace.generation.sights import Sight
from marketplace.watching import Watcher

watcher = Watcher("generations", look, every_s=0.25)
refuse_when_crowded = watcher.refuse_when_crowded


def watch(
    ids: Collection[UUID], *, previews: bool = False, silence_s: float | None = None
) -> AsyncGenerator[Sight | None]:
    """Each as it is now, then each change, with previews where they are wanted; None after `silence_s` without news."""
    return watcher.watch(ids, closely=previews, silence_s=silence_s)


async def ended(ids: Collection[UUID], seconds: float) -> bool:
    """Have all of them ended within this time?"""
    try:
        async with asyncio.timeout(seconds), aclosing(watch(ids)) as sights:
            async for _sight in sights:
                pass
    except TimeoutError:
        return False
    return True
