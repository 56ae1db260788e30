"""What a serving or convert worker reads from the environment, beside what every process reads."""

from functools import cache
from pathlib import Path

from pydantic import Field

from hub.config import HubConfig, Names


class ServingConfig(HubConfig):
    """`serving_engines` is what a worker started without --queues serves; torch's threads are set by OMP_NUM_THREADS."""

    serving_engines: Names = ("sdxl", "upscale")
    """Engines that a serving worker holds in memory, comma-separated."""
    serving_device: str = "auto"
    """`cuda`, `cuda:1`, `cpu`, or `auto`: the accelerator if there is one."""
    max_batch: int = Field(default=8, ge=1)
    """Images that are computed together. The worker takes a quarter more, whose styles it fetches while they wait."""
    preview_every_steps: int = Field(default=2, ge=0)
    """Each so many steps a small preview goes out with the progress, at most twice a second. 0 for none."""
    pack_cache_bytes: int = 20 * 2**30
    """Disk that cached packs may fill; the longest unused go first."""
    job_deadline_seconds: float = 600.0
    """A generation that takes longer is given up by its worker."""

    metrics_host: str = "127.0.0.1"
    """Where a serving worker answers Prometheus. There is no password: keep it to this machine or a network of your own."""
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    """The port of that; each worker of a machine needs its own. 0 for none."""

    @property
    def jobs_in_hand(self) -> int:
        """Each by a thread of its own: a full batch, and what will join it next (decision 31)."""
        return self.max_batch + max(1, self.max_batch // 4)

    @property
    def pack_cache_dir(self) -> Path:
        return self.data_dir / "packs"

    @property
    def work_dir(self) -> Path:
        return self.data_dir / "work"


@cache
def serving_config() -> ServingConfig:
    return ServingConfig()
