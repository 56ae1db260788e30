"""Every metric of the serving worker, with what it means; docs/reference/metrics.md is written from this list."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]


@dataclass(frozen=True)
class Measure:
    """Labels are names; seconds and bytes are the only units, besides energy in joules."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


JOBS = Measure(
    "irodori_jobs",
    "gauge",
    "Generations that this worker has taken: `running` are in the batch, `waiting` fetch their styles or wait for a place.",
    ("state",),
)
QUEUE = Measure(
    "irodori_queue_messages",
    "gauge",
    "Generations that no worker has taken yet, by queue, asked of the broker; missing while it does not answer.",
    ("queue",),
)
BATCH = Measure("irodori_batch_size", "histogram", "Generations that shared a step.", ("engine",))
STEPS = Measure(
    "irodori_steps_total",
    "counter",
    "Denoising steps made; one of a batch of four counts as four. Its rate is the steps per second.",
    ("engine",),
)
STEP_SECONDS = Measure("irodori_step_seconds", "histogram", "Time of one step of a batch.", ("engine",))
IMAGES = Measure("irodori_images_total", "counter", "Pictures finished.", ("engine",))
DEVICE_SECONDS = Measure(
    "irodori_device_seconds_total",
    "counter",
    "Time for which the engine held the device (GPU-seconds): prompts, steps and decoding, without idle time.",
    ("engine",),
)
IMAGE_SECONDS = Measure(
    "irodori_image_device_seconds",
    "histogram",
    "Device time of one finished picture; the time of a step is shared among those in its batch.",
    ("engine",),
)
IMAGE_COST = Measure(
    "irodori_image_cost",
    "summary",
    "What that time cost, at HUB_DEVICE_HOUR_PRICE and in its currency; missing where no price is set. Without idle time.",
    ("engine",),
)
HOUR_PRICE = Measure(
    "irodori_device_hour_price", "gauge", "HUB_DEVICE_HOUR_PRICE, to reckon idle time in; missing where none is set."
)
BASE_LOAD = Measure("irodori_base_load_seconds", "gauge", "Time that loading the base took.", ("engine",))
HITS = Measure(
    "irodori_adapter_hits_total",
    "counter",
    "Requests that found an adapter in this tier: `disk`, `host` (this machine's memory) or `slots` (on the device).",
    ("engine", "tier"),
)
MISSES = Measure(
    "irodori_adapter_misses_total",
    "counter",
    "Times that an adapter had to be brought to this tier.",
    ("engine", "tier"),
)
LOAD_SECONDS = Measure(
    "irodori_adapter_load_seconds_total",
    "counter",
    "Time that bringing adapters to this tier took. On CUDA the copy itself goes on behind it.",
    ("engine", "tier"),
)
TIER_BYTES = Measure("irodori_tier_bytes", "gauge", "What adapters fill of this tier.", ("engine", "tier"))
TIER_LIMIT = Measure("irodori_tier_limit_bytes", "gauge", "What they may fill.", ("engine", "tier"))
SWAPS = Measure("irodori_swaps_total", "counter", "Times that adapters were put on for a computation.", ("engine",))
SWAP_SECONDS = Measure(
    "irodori_swap_seconds_total",
    "counter",
    "Time that putting them on took: gathering slots, exchanging pointers.",
    ("engine",),
)
MEMORY_FREE = Measure(
    "irodori_device_memory_free_bytes", "gauge", "Memory of the device that nobody uses.", ("device",)
)
MEMORY = Measure("irodori_device_memory_bytes", "gauge", "All memory of the device.", ("device",))
ENERGY = Measure(
    "irodori_device_energy_joules_total",
    "counter",
    "Energy that the device used since its driver was loaded, by whomever; missing where it does not tell, as CPUs.",
    ("device",),
)
MEASURES = tuple(value for value in tuple(globals().values()) if isinstance(value, Measure))
