"""An order of one image, over HTTP, beside a bare view that inserts one row; and what the site's worker adds to it."""

from uuid import UUID

import httpx
from django.db import connection

from bench.api.people import buyer, program_of
from bench.api.servers import served
from bench.common import Row, row
from bench.timing import interleaved, percentile
from hub import jobs
from marketplace.catalogue.models import StyleVersion
from marketplace.generation import lifecycle
from marketplace.generation.models import Generation

TURNS, REQUESTS = 5, 60
PROMPT = "a harbour at dawn, washed ink"


def overhead(url: str, version: StyleVersion) -> list[Row]:
    program = program_of(buyer("overhead"), url)
    body = {"base_model": "echo", "prompt": PROMPT, "adapters": [{"version": version.pk, "weight": 0.8}]}
    with served("bench.rivals.bare_drf:application", "wsgi") as (bare, _pid), httpx.Client(base_url=bare) as rival:
        works = {
            "order": lambda: _created(program.post("/api/v1/generations", json=body)),
            "bare": lambda: _created(rival.post("/orders", json={"prompt": PROMPT})),
        }
        times = [interleaved(works, REQUESTS) for _ in range(TURNS)]
    ours, theirs = ([percentile(each[name], 0.95) for each in times] for name in works)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    beside = f"order p95 {1000 * min(ours):.1f} ms, bare view {1000 * min(theirs):.1f} ms, the best of {TURNS} turns"
    what = f"an order of one image, p95 of {REQUESTS}, against a bare DRF view with one insert"
    return [row("overhead", what, "x", "≤ 3 x", ratios, beside), _reports()]


def _created(answer: httpx.Response) -> None:
    assert answer.status_code == 201, answer.text


def _reports() -> Row:
    """What follows when a worker draws it: started, two heartbeats, delivered and paid. The store is not asked."""
    ids = list(Generation.objects.filter(state="queued").values_list("pk", flat=True)[:REQUESTS])
    times = interleaved({"reports": lambda: _draw(ids.pop())}, REQUESTS - 10)
    connection.close()
    what = "the site worker's share of it: started, two heartbeats, delivery and its payment"
    return row(
        "reports", what, "ms", "", [1000 * percentile(times["reports"], 0.95)], "p95; the store's time not counted"
    )


def _draw(id_: UUID) -> None:
    who = {"id": id_, "attempt": 1, "worker": "bench#1"}
    lifecycle.started(jobs.GenerationStarted(**who))
    for step in (1, 2):
        lifecycle.heartbeat(jobs.GenerationHeartbeat(**who, step=step, steps=20))
    generation = Generation.objects.get(pk=id_)
    made = {"size": 1, "media_type": "image/png", "seed": generation.seed, "seconds": 1.0}
    size = {"width": generation.width, "height": generation.height}
    lifecycle._deliver(generation, jobs.GenerationSucceeded(**who, **made, **size, sha256="0" * 64))
