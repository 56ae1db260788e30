"""What is asked for: random pictures of two sizes, by two schedulers, in none to two styles, some with a DoRA too."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hub.jobs import GenerateJob
from hub.plugin_api import LocalPack
from tests.serving_jobs import job

WIDTHS, SCHEDULERS = (64, 64, 64, 96), ("euler", "dpmpp_2m")
WITH_DORA = 0.15


@dataclass(frozen=True)
class Request:
    job: GenerateJob
    packs: tuple[LocalPack, ...]


def requests(chance: random.Random, kinds: int, packs: Sequence[LocalPack], dora: LocalPack) -> Iterator[Request]:
    """As many different ones; the storm draws from them."""
    for number in range(kinds):
        worn = [*chance.sample(packs, chance.randrange(3)), *([dora] if chance.random() < WITH_DORA else [])]
        wanted: dict[str, Any] = {"steps": 2, "seed": number, "guidance_scale": chance.choice([1.0, 5.0])}
        wanted |= {"width": chance.choice(WIDTHS), "scheduler": chance.choice(SCHEDULERS)}
        asked = job(prompt=f"a lighthouse {number % 7}", **wanted)
        yield Request(asked, tuple(_weighted(pack, chance.choice([0.5, 1.0])) for pack in worn))


def _weighted(pack: LocalPack, weight: float) -> LocalPack:
    return LocalPack(pack.use.model_copy(update={"weight": weight}), pack.path)
