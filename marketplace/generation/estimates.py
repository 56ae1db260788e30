"""How long a picture will still take, from the seconds that steps took."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from statistics import median

from django.core.cache import cache

from marketplace.generation.models import Generation

State = Generation.State
RECENT = 20
KNOWN_S = 10.0
SOONEST_S, LATEST_S = 1, 30


@dataclass(frozen=True)
class Progress:
    """How far a picture is. `place` is 1 for the next to be drawn, 0 for what does not wait, None where nobody knows."""

    state: str
    step: int
    steps: int
    started_at: datetime | None
    place: int | None


def seconds_left(progress: Progress, step_seconds: float | None, now: datetime) -> float | None:
    """None where nothing says, or where there is nothing to wait for. `step_seconds` is what steps took lately."""
    if progress.state == State.RUNNING and progress.step and progress.started_at:
        # Its own pace says most: who shares its batch, and which styles it wears.
        taken = (now - progress.started_at).total_seconds()
        return max(0.0, taken / progress.step * (progress.steps - progress.step))
    if step_seconds is None:
        return None
    if progress.state == State.RUNNING:
        return step_seconds * (progress.steps - progress.step)
    if progress.state == State.QUEUED and progress.place is not None:
        return step_seconds * progress.steps * progress.place
    return None


def step_seconds(engine: str, width: int, height: int) -> float | None:
    """What steps of this size took lately, or of any where there are none; None before the first. Known for some seconds."""
    key = f"step_seconds.{engine}.{width}.{height}"
    known: tuple[float | None] | None = cache.get(key)
    if known is None:
        known = (_measured(engine, width, height),)
        cache.set(key, known, KNOWN_S)
    return known[0]


def _measured(engine: str, width: int, height: int) -> float | None:
    done = Generation.objects.filter(state=State.SUCCEEDED, base_model__engine=engine, seconds__isnull=False)
    for alike in (done.filter(width=width, height=height), done):
        recent = alike.order_by("-created_at").values_list("seconds", "steps")[:RECENT]
        if paces := [seconds / steps for seconds, steps in recent if seconds is not None]:
            return float(median(paces))
    return None


def seconds_to_wait(eta_seconds: float | None) -> int:
    """When it is worth asking again."""
    return SOONEST_S if eta_seconds is None else min(max(SOONEST_S, ceil(eta_seconds)), LATEST_S)
