"""The job that makes a LoRA of an uploaded model: the file, its pack, its errors, and how far its pictures are off."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL import Image

from hub import keys
from hub.jobs import AdapterUse, ConvertRefused, Extracted, ExtractJob, GenerateJob, LayerError
from hub.plugin_api import AdapterPlan, Generation, LocalPack, LowRankTarget, UnsupportedFileError
from hub.tensor_file import FileHeader, HeaderError
from serving.adapters.cache import PackCache
from serving.adapters.convert import Converter, refused
from serving.adapters.extract import Changes, Extraction, extract
from serving.adapters.pack import DOWN, UP
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.write import write_pack

log = structlog.get_logger(__name__)
Draw = Callable[[GenerateJob, Sequence[LocalPack]], Generation]
SEED = 1


@dataclass(frozen=True)
class Extractor:
    """`packs_of` gives the cache for an engine's packs, `draw` makes a picture with the job's engine."""

    converter: Converter
    packs_of: Callable[[str], PackCache]
    draw: Draw

    def extract(self, job: ExtractJob) -> Extracted | ConvertRefused:
        """Store the LoRA as a source and as a pack, and describe it. Anything unexpected is raised."""
        work_dir = self.converter.work_dir
        work_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work_dir, prefix="extract-") as folder:
            try:
                return self._extracted(job, Path(folder))
            except (UnsupportedFileError, HeaderError) as error:
                log.info("extract.refused", code=error.code)
                return refused(job, error)

    def _extracted(self, job: ExtractJob, folder: Path) -> Extracted:
        source, lora, pack = (folder / f"{name}.safetensors" for name in ("source", "lora", "pack"))
        self.converter.download(job, source)
        layout, tuned = self.converter.layout_of(job.engine), TensorFile(source)
        plan = self.converter.format_of(job.format).plan(tuned.header, layout)
        found = extract(plan.weights, Changes(tuned, self.converter.base_of(job.engine)), layout, lora)
        made = TensorFile(lora)
        pack_sha256 = write_pack(_plan(made.header), made, layout, pack)
        self.converter.store.put_file(keys.pack(pack_sha256), pack)
        sha256 = _hash(lora)
        self.converter.store.put_file(keys.source(sha256), lora)
        use = AdapterUse(pack_sha256=pack_sha256, pack_key=keys.pack(pack_sha256), kind="lora", weight=1.0)
        apart, effect = self._pictures(job, use)
        log.info("extract.done", pack=pack_sha256, rank=found.rank, error=found.error, apart=apart)
        return Extracted(
            upload_id=job.upload_id,
            attempt=job.attempt,
            pack_key=use.pack_key,
            pack_sha256=pack_sha256,
            pack_size=pack.stat().st_size,
            kind="lora",
            rank=found.rank,
            modules=len(found.modules),
            sha256=sha256,
            size=lora.stat().st_size,
            error=found.error,
            left_out=found.left_out,
            layers=_layers(found),
            picture_difference=apart,
            picture_effect=effect,
        )

    def _pictures(self, job: ExtractJob, lora: AdapterUse) -> tuple[float, float]:
        """How far the LoRA's pictures are from the model's, and the base's from the model's: mean levels of 256."""
        wanted = [_picture_job(job, prompt) for prompt in job.prompts]
        cache = self.packs_of(job.engine)
        with cache.hold([job.original]) as model, cache.hold([lora]) as own:
            base, original, told = ([_pixels(self.draw(each, worn)) for each in wanted] for worn in ([], model, own))
            return _apart(told, original), _apart(base, original)


def _plan(header: FileHeader) -> AdapterPlan:
    """Our own file's, whose names are those of the pack."""
    names = [name.removesuffix(DOWN) for name in header.tensors if name.endswith(DOWN)]
    parts = ((name, *name.split(".", 1)) for name in sorted(names))
    return AdapterPlan(
        low_rank=tuple(LowRankTarget(component, module, name + DOWN, name + UP) for name, component, module in parts)
    )


def _layers(found: Extraction) -> tuple[LayerError, ...]:
    return tuple(LayerError(**asdict(each)) for each in found.modules)


def _picture_job(job: ExtractJob, prompt: str) -> GenerateJob:
    return GenerateJob(
        id=job.upload_id,
        attempt=job.attempt,
        engine=job.engine,
        base_model=job.base_model,
        prompt=prompt,
        width=job.side,
        height=job.side,
        steps=job.steps,
        guidance_scale=job.guidance_scale,
        seed=SEED,
        output_key="",  # compared here, stored nowhere
    )


def _pixels(generation: Generation) -> NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(generation.content)).convert("RGB")).astype(np.float64)


def _apart(one: Sequence[NDArray[np.float64]], other: Sequence[NDArray[np.float64]]) -> float:
    return float(np.mean([np.abs(a - b).mean() for a, b in zip(one, other, strict=True)]))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
