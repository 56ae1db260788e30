"""Many progress streams on one process of the site: how soon each is told of a change."""

import asyncio
import time
from uuid import UUID

import httpx
import psutil
from django.db import connection

from bench.api.people import buyer, token_of
from bench.common import Row, row
from hub import jobs
from marketplace.generation import lifecycle
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.services import request_generation

STREAMS, STEPS = 220, 5
WITHIN_S = 2.0
PATIENCE_S = 60.0
Times = dict[tuple[UUID, int], float]


def streams(url: str, pid: int) -> list[Row]:
    person = buyer("watcher")
    asked = GenerationRequest(base_model="echo", prompt="a harbour at dawn", steps=STEPS + 1)
    ids = [request_generation(buyer=person, request=asked).pk for _ in range(STREAMS)]
    for pk in ids:
        lifecycle.started(jobs.GenerationStarted(id=pk, attempt=1, worker="bench#1"))
    changed, told, memory = asyncio.run(_watch(url, token_of(person), ids, pid))
    delays = {key: told.get(key, float("inf")) - at for key, at in changed.items()}
    in_time = [sum(delays[pk, step] <= WITHIN_S for pk in ids) for step in range(1, STEPS + 1)]
    beside = f"slowest {max(delays.values()):.2f} s; the site held {memory:.0f} MB then"
    what = f"of {STREAMS} open streams of one process, told of a change within {WITHIN_S:g} s"
    return [row("streams", what, "streams", "≥ 200", in_time, beside)]


async def _watch(url: str, token: str, ids: list[UUID], pid: int) -> tuple[Times, Times, float]:
    told: Times = {}
    limits = httpx.Limits(max_connections=STREAMS)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=PATIENCE_S) as client:
        open_ = asyncio.Semaphore(0)
        readers = [asyncio.create_task(_read(client, pk, told, open_)) for pk in ids]
        for _ in ids:
            await asyncio.wait_for(open_.acquire(), PATIENCE_S)
        memory = _memory(pid)
        changed = await asyncio.to_thread(_draw, ids)
        await asyncio.sleep(WITHIN_S)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return changed, told, memory


async def _read(client: httpx.AsyncClient, pk: UUID, told: Times, open_: asyncio.Semaphore) -> None:
    async with client.stream("GET", f"/api/v1/generations/{pk}/events") as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line == "event: started":
                open_.release()
            if line.startswith("id: 1.1."):
                told.setdefault((pk, int(line.rpartition(".")[2])), time.monotonic())


def _draw(ids: list[UUID]) -> Times:
    """Each picture's heartbeats, as the site's worker handles them; when each was saved."""
    changed: Times = {}
    try:
        for step in range(1, STEPS + 1):
            for pk in ids:
                beat = jobs.GenerationHeartbeat(id=pk, attempt=1, worker="bench#1", step=step, steps=STEPS + 1)
                lifecycle.heartbeat(beat)
                changed[pk, step] = time.monotonic()
            time.sleep(WITHIN_S / 2)
    finally:
        connection.close()
    return changed


def _memory(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6
