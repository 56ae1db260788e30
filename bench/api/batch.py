"""A thousand images ordered in one request, each with a style, a seed and a hold of its own."""

import time

import httpx
import psutil

from bench.api.people import buyer, program_of
from bench.common import Row, row
from marketplace.catalogue.models import StyleVersion

ITEMS, TURNS = 1_000, 5


def batch(url: str, pid: int, version: StyleVersion) -> list[Row]:
    program = program_of(buyer("batches"), url)
    alike = _body(version, [{"prompt": f"harbour {number} at dawn", "seed": number} for number in range(ITEMS)])
    unlike = _body(
        version,
        [{"prompt": f"{n} harbours", "guidance_scale": 1 + n / 100, "steps": 1 + n % 50} for n in range(ITEMS)],
    )
    _accepted(program, alike, pid)
    times, others = ([_accepted(program, body, pid) for _ in range(TURNS)] for body in (alike, unlike))
    return [
        _row("batch", f"a batch of {ITEMS:,} images accepted", times),
        _row("batch_unlike", "the same, each with other steps and guidance", others),
    ]


def _row(id_: str, what: str, taken: list[tuple[float, float]]) -> Row:
    computed = min(cpu for _, cpu in taken)
    return row(id_, what, "s", "≤ 2 s", [wall for wall, _ in taken], f"the site computes for {computed:.2f} s of it")


def _body(version: StyleVersion, items: list[dict[str, object]]) -> dict[str, object]:
    return {"defaults": {"base_model": "echo", "adapters": [{"version": version.pk}]}, "items": items}


def _accepted(program: httpx.Client, body: dict[str, object], pid: int) -> tuple[float, float]:
    """How long it took, and how much of that the site's process had a processor for."""
    before, began = _computed(pid), time.perf_counter()
    answer = program.post("/api/v1/batches", json=body)
    took, computed = time.perf_counter() - began, _computed(pid) - before
    assert answer.status_code == 201, answer.text[:500]
    cancelled = program.post(f"/api/v1/batches/{answer.json()['id']}/cancel")
    assert cancelled.status_code == 200, cancelled.text[:500]
    return took, computed


def _computed(pid: int) -> float:
    times = [each.cpu_times() for each in psutil.Process(pid).children(recursive=True)]
    return sum(each.user + each.system for each in times)
