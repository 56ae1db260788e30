"""A thousand images ordered in one request, each with a style, a seed and a hold of its own."""

import time

import httpx

from bench.api.people import buyer, program_of
from bench.common import Row, row
from marketplace.catalogue.models import StyleVersion

ITEMS, TURNS = 1_000, 5


def batch(url: str, version: StyleVersion) -> list[Row]:
    program = program_of(buyer("batches"), url)
    alike = _body(version, [{"prompt": f"harbour {number} at dawn", "seed": number} for number in range(ITEMS)])
    unlike = _body(
        version,
        [{"prompt": f"{n} harbours", "guidance_scale": 1 + n / 100, "steps": 1 + n % 50} for n in range(ITEMS)],
    )
    times = [_seconds(program, alike) for _ in range(TURNS + 1)][1:]
    others = [_seconds(program, unlike) for _ in range(TURNS)]
    return [
        row("batch", f"a batch of {ITEMS:,} images accepted", "s", "≤ 2 s", times),
        row("batch_unlike", "the same, each with other steps and guidance", "s", "≤ 2 s", others),
    ]


def _body(version: StyleVersion, items: list[dict[str, object]]) -> dict[str, object]:
    return {"defaults": {"base_model": "echo", "adapters": [{"version": version.pk}]}, "items": items}


def _seconds(program: httpx.Client, body: dict[str, object]) -> float:
    began = time.perf_counter()
    answer = program.post("/api/v1/batches", json=body)
    took = time.perf_counter() - began
    assert answer.status_code == 201, answer.text[:500]
    cancelled = program.post(f"/api/v1/batches/{answer.json()['id']}/cancel")
    assert cancelled.status_code == 200, cancelled.text[:500]
    return took
