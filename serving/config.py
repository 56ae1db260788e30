"""What a serving or convert worker reads from the environment, beside what every process reads."""

from functools import cache
from pathlib import Path

from hub.config import HubConfig, Names


class ServingConfig(HubConfig):
    """`serving_engines` is what a worker started without --queues serves; torch's threads are set by OMP_NUM_THREADS."""

    serving_engines: Names = ("sdxl",)
    serving_device: str = "auto"
    pack_cache_bytes: int = 20 * 2**30
    job_deadline_seconds: float = 600.0

    @property
    def pack_cache_dir(self) -> Path:
        return self.data_dir / "packs"

    @property
    def work_dir(self) -> Path:
        return self.data_dir / "work"


@cache
def serving_config() -> ServingConfig:
    return ServingConfig()
