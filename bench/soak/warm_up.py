"""What a worker has met once and keeps: without it, a storm would go on meeting larger batches for thousands of requests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle, islice, permutations, product

from bench.soak.requests import WIDTHS, Request
from hub.jobs import GenerateJob
from hub.plugin_api import Engine, LocalPack
from serving.engine.loop import EngineLoop


def meet_every_size(loop: EngineLoop, requests: Sequence[Request], widest: Sequence[LocalPack]) -> None:
    """One step of every number of rows that the loop's batches have, each time of other requests, and of the fullest.

    torch keeps kernels for every number of rows, 2 MB here, and the engine room for the largest mix that it gathered.
    """
    most = loop.max_batch
    for width, rows in product(sorted(set(WIDTHS)), range(1, 2 * most + 1)):
        guidance = [5.0] * (rows // 2) + [1.0] * (rows % 2)
        _step_once(loop, islice(cycle(requests), most * rows, None), guidance, width)
    _step_once(loop, _fullest(requests[0].job, widest), [5.0] * most, max(WIDTHS))


def _fullest(job: GenerateJob, widest: Sequence[LocalPack]) -> Iterator[Request]:
    """Two of the widest styles each, of which no two that stand beside each other lie side by side."""
    return (Request(job, pair) for pair in permutations(widest, 2))


def _step_once(loop: EngineLoop, requests: Iterable[Request], guidance: Sequence[float], width: int) -> None:
    def step(engines: Mapping[str, Engine]) -> None:
        engine = engines["sdxl"]
        runs = [
            engine.start(request.job.model_copy(update={"guidance_scale": scale, "width": width}), request.packs)
            for request, scale in zip(requests, guidance, strict=False)
        ]
        engine.step(runs)
        for run in runs:
            engine.end(run)

    loop.call(step)
