"""Jobs, packs and pictures for the tests of the serving tier."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from hub.jobs import AdapterUse, GenerateJob
from hub.plugin_api import AdapterFormat, Engine, Generation, LocalPack, ModelLayout, Run
from serving.adapters.checks import check_plan
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.write import write_pack

if TYPE_CHECKING:
    import numpy as np


def job(**changes: Any) -> GenerateJob:
    """A small valid job for the small SDXL base."""
    fields: dict[str, Any] = {
        "id": uuid4(),
        "attempt": 1,
        "engine": "sdxl",
        "base_model": "tiny-sdxl",
        "prompt": "a painting of a lighthouse",
        "width": 64,
        "height": 64,
        "steps": 4,
        "seed": 7,
        "output_key": "outputs/test.png",
    }
    return GenerateJob.model_validate(fields | changes)


def made_into_pack(
    file: Path, folder: Path, adapter_format: AdapterFormat, layout: ModelLayout, *, weight: float = 1.0
) -> LocalPack:
    """What the convert worker and the pack cache do, without the store between them."""
    source = TensorFile(file)
    plan = adapter_format.plan(replace(source.header, file_name=file.name), layout)
    check_plan(plan, source.header, layout)
    path = folder / f"{file.stem}.pack"
    sha256 = write_pack(plan, source, layout, path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    use = {"pack_sha256": sha256, "pack_key": f"packs/{sha256}", "kind": plan.kind, "weight": weight}
    return LocalPack(AdapterUse.model_validate(use), path)


def run_with(engine: Engine, job: GenerateJob, packs: Sequence[LocalPack] = ()) -> Generation:
    run = engine.start(job, packs)
    try:
        while not run.done:
            engine.step([run])
        return engine.finish(run)
    finally:
        engine.end(run)


def run_together(engine: Engine, wanted: Sequence[tuple[GenerateJob, Sequence[LocalPack], int]]) -> list[Generation]:
    """Each job joins when so many steps were made; all that run are stepped together, as the loop does."""
    runs: list[Run | None] = [None] * len(wanted)
    images: dict[int, Generation] = {}
    turn = 0
    while len(images) < len(wanted):
        for index, (job, packs, joins_at) in enumerate(wanted):
            if runs[index] is None and turn >= joins_at:
                runs[index] = engine.start(job, packs)
        running = {index: run for index, run in enumerate(runs) if run and index not in images}
        if running:
            engine.step(list(running.values()))
        for index, run in running.items():
            if run.done:
                images[index] = engine.finish(run)
                engine.end(run)
        turn += 1
    return [images[index] for index in range(len(wanted))]


def pixels(generation: Generation) -> "np.ndarray[Any, Any]":
    """[height, width, 3], as signed numbers so that differences don't wrap."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(generation.content))).astype(np.int16)


def drawn_by_diffusers(pipeline: Any, wanted: GenerateJob) -> "np.ndarray[Any, Any]":
    """What diffusers' own pipeline makes of a job, as `pixels` gives the engine's: int16 (height, width, 3)."""
    import numpy as np
    import torch

    image = pipeline(
        wanted.prompt,
        width=wanted.width,
        height=wanted.height,
        num_inference_steps=wanted.steps,
        guidance_scale=wanted.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(wanted.seed),
    ).images[0]
    return np.asarray(image).astype(np.int16)
