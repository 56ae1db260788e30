"""Turns an uploaded file into the canonical pack of an engine's base, or says why it can't be served.

Names, shapes and bytes are all it needs: only the engine's layout imports a tensor library, and that without weights.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from hub import keys
from hub.jobs import MOST_NAMES, Converted, ConvertJob, ConvertRefused
from hub.object_store import ObjectStore
from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, UnsupportedFileError
from hub.tensor_file import FileHeader, HeaderError
from serving.adapters.checks import check_plan, rank_of
from serving.adapters.factors import alpha_rank
from serving.adapters.stored import StoredBase
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.thin import write_thin
from serving.adapters.unchanged import without_unchanged
from serving.adapters.write import write_pack

log = structlog.get_logger(__name__)


class ChangedSourceError(Exception):
    """The stored source is not the file that was accepted."""


@dataclass(frozen=True)
class Converter:
    """`layout_of`, `format_of` and `base_of` look an engine's layout, an adapter format and an engine's base up by id."""

    store: ObjectStore
    layout_of: Callable[[str], ModelLayout]
    format_of: Callable[[str], AdapterFormat]
    base_of: Callable[[str], StoredBase]
    work_dir: Path

    def convert(self, job: ConvertJob) -> Converted | ConvertRefused:
        """Store the pack and describe it. Anything unexpected is raised: the site asks again."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work_dir, prefix="convert-") as folder:
            source = Path(folder) / "source.safetensors"
            self.download(job, source)
            try:
                return self._converted(job, source, Path(folder) / "pack.safetensors")
            except (UnsupportedFileError, HeaderError) as error:
                log.info("convert.refused", code=error.code)
                return refused(job, error)

    def download(self, job: ConvertJob, path: Path) -> None:
        """Raises ChangedSourceError."""
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for chunk in self.store.stream(job.source_key):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != job.source_sha256:
            raise ChangedSourceError(f"{job.source_key} hashes to {digest.hexdigest()}.")

    def _converted(self, job: ConvertJob, source: Path, pack: Path) -> Converted:
        file = TensorFile(source)
        layout = self.layout_of(job.engine)
        header = replace(file.header, file_name=job.file_name)
        plan = self.format_of(job.format).plan(header, layout)
        check_plan(plan, file.header, layout)
        base = self.base_of(job.engine) if plan.weights else {}
        plan = without_unchanged(plan, file, base)
        sha256 = write_pack(plan, file, layout, pack)
        stored = _stored(base, layout, pack)
        key = keys.pack(sha256) if stored == pack else keys.thin_pack(sha256)
        self.store.put_file(key, stored)
        log.info("convert.done", pack=sha256, kind=plan.kind, size=pack.stat().st_size, stored=stored.stat().st_size)
        return _described(job, plan, file.header, key, sha256, stored.stat().st_size)


def refused(job: ConvertJob, error: UnsupportedFileError | HeaderError) -> ConvertRefused:
    names = error.names[:MOST_NAMES] if isinstance(error, UnsupportedFileError) else ()
    return ConvertRefused(
        upload_id=job.upload_id, attempt=job.attempt, code=error.code, message=error.message, names=names
    )


def _stored(base: StoredBase, layout: ModelLayout, pack: Path) -> Path:
    """The file to keep: a whole model's difference to its base where that is smaller, else the pack itself."""
    thin = pack.with_suffix(".thin")
    if base and write_thin(pack, base, layout.digest(), thin) < pack.stat().st_size:
        return thin
    return pack


def _described(job: ConvertJob, plan: AdapterPlan, header: FileHeader, key: str, sha256: str, size: int) -> Converted:
    ranks = [rank_of(target, header) for target in plan.low_rank]
    ranks += [alpha_rank(target, header) for target in plan.factored]
    return Converted(
        upload_id=job.upload_id,
        attempt=job.attempt,
        pack_key=key,
        pack_sha256=sha256,
        pack_size=size,
        kind=plan.kind,
        rank=max(ranks, default=0),
        modules=len({(component, parameter.rpartition(".")[0]) for component, parameter in plan.changed()}),
        words=tuple(sorted({target.word for target in plan.embeddings})),
    )
