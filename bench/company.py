"""`make bench-company`: how far a picture depends on who shares its batch.

Mixes of four requests (20 steps, guidance or none, none to two of the styles that ship) join at different steps; each
picture is compared with the one that its request gives alone. BENCH_MIXES sets how many mixes are drawn.
"""

import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.common import Row, report, row
from hub.jobs import GenerateJob
from hub.local import shipped
from hub.plugin_api import AdapterFormat, LocalPack, NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from plugins.peft_lora.format import PeftLoraFormat
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from tests.serving_jobs import job, made_into_pack, pixels, run_together, run_with
from training.ship import KOHYA_NAMED

MIXES = int(os.environ.get("BENCH_MIXES", "10"))
TOGETHER, STEPS, SEED = 4, 20, 1
STYLES = ("twemoji", "openmoji", "fluent-emoji-flat", "fluent-emoji")
PROMPTS = (
    "a fox on a blue background",
    "a panda on a pink background",
    "緑の背景のいちご",
    "a tiger on a white background",
)

Wanted = tuple[GenerateJob, list[LocalPack], int]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as folder, torch.no_grad():
        rows = [each for dtype in ("float32", "bfloat16") for each in _measured(Path(folder), dtype)]
    print(f"Written to {report('company', rows)}")


def _measured(folder: Path, dtype: str) -> Iterator[Row]:
    config = {"base": str(shipped.BASE), "base_model": shipped.BASE_MODEL, "dtype": dtype}
    engine = SdxlEngine(SdxlConfig.model_validate(config))
    engine.load("cpu")
    packs = [_packed(name, folder, engine) for name in STYLES]
    chance = random.Random(SEED)  # noqa: S311 - no secret
    found = [pair for _ in range(MIXES) for pair in _differences(engine, _mix(chance, packs))]
    words = f"fast mode, {dtype}, CPU: {len(found)} pictures of {shipped.BASE_MODEL} in mixes of {TOGETHER}"
    aim = "≤ 0.1 %" if dtype == "float32" else ""
    shares = [share for _, share in found]
    over = sum(levels > 1 or share > 0.1 for levels, share in found)
    beside = f"worst {max(shares):.3g} %; {over} of {len(found)} over one level or 0.1 %"
    yield row(f"company_{dtype}", f"pixels that differ from the picture alone, {words}", "%", aim, shares, beside)
    yield row(f"company_levels_{dtype}", f"the most that one differs, {words}", "levels", "≤ 1", [max(found)[0]])


def _packed(name: str, folder: Path, engine: SdxlEngine) -> LocalPack:
    naming: AdapterFormat = (KohyaLoraFormat if name in KOHYA_NAMED else PeftLoraFormat)(NoConfig())
    return made_into_pack(shipped.STYLES / f"{name}.safetensors", folder, naming, engine.layout())


def _mix(chance: random.Random, packs: Sequence[LocalPack]) -> list[Wanted]:
    return [
        (
            job(
                base_model=shipped.BASE_MODEL,
                prompt=chance.choice(PROMPTS),
                width=128,
                height=128,
                steps=STEPS,
                guidance_scale=chance.choice([1.0, 1.5, 5.0]),
                seed=chance.randrange(2**32),
            ),
            chance.sample(packs, chance.randrange(3)),
            chance.randrange(4),
        )
        for _ in range(TOGETHER)
    ]


def _differences(engine: SdxlEngine, mix: list[Wanted]) -> Iterator[tuple[int, float]]:
    """Of each picture: by how many levels it differs at most, and in how many per cent of its pixels."""
    for (wanted, packs, _), image in zip(mix, run_together(engine, mix), strict=True):
        apart: Any = np.abs(pixels(image) - pixels(run_with(engine, wanted, packs))).max(axis=-1)
        yield int(apart.max()), 100 * float((apart > 0).mean())


if __name__ == "__main__":
    main()
