"""A history is a list of steps, drawn from a seed; each step has dice of its own, so any of them can be left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from django.core.signing import BadSignature

from marketplace.errors import Refusal
from tests.simulation.actions import ACTIONS
from tests.simulation.laws import BrokenLawError, check
from tests.simulation.world import CrashError, World, at, surrounding


@dataclass(frozen=True)
class Step:
    action: str
    dice: int

    def __str__(self) -> str:
        return f"{self.action}({self.dice})"


def drawn(seed: int, steps: int) -> list[Step]:
    dice = Random(seed)
    names, weights = zip(*((name, weight) for name, (_, weight) in ACTIONS.items()), strict=True)
    return [Step(name, dice.randrange(10**6)) for name in dice.choices(names, weights, k=steps)]


def play(history: Sequence[Step], world: World) -> str:
    """What went wrong, or "". The services' own refusals and the crashes that were ordered are no fault."""
    with surrounding(world):
        for step in history:
            if fault := _fault_of(step, world):
                return fault
    return ""


def shortened(history: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Leave out halves, quarters ... single steps as long as it still fails."""
    left, size = list(history), max(1, len(history) // 2)
    while size:
        start = 0
        while start < len(left):
            shorter = left[:start] + left[start + size :]
            if shorter and fails(shorter):
                left = shorter
            else:
                start += size
        size //= 2
    return left


def _fault_of(step: Step, world: World) -> str:
    action, _weight = ACTIONS[step.action]
    try:
        with at(world.now):
            action(world, Random(step.dice))
    except (Refusal, CrashError, BadSignature):
        pass
    except Exception as error:  # noqa: BLE001 - whatever a service lets through is a fault of it
        return f"{step}: {type(error).__name__}: {error}"
    try:
        with at(world.now):
            check(world.paid)
    except BrokenLawError as error:
        return f"{step}: {error}"
    return ""
