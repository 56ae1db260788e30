"""`python -m tests.simulation --seeds 10000`: plays them, two processes at once, and prints each failure shortened.

`--first 4711 --seeds 1` plays one seed again; `--bugs` switches on the ten planted mistakes, one at a time.
"""

import argparse
import logging
import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context

from hub.testing import environment  # sets a data folder and plugins before Django reads its settings

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "hub.settings",
    "HUB_DATABASE_URL": "sqlite:///:memory:",
    "HUB_LOG_LEVEL": "CRITICAL",
}

import django

django.setup()

from tests.simulation.bugs import BUGS  # noqa: E402 - Django must be set up first
from tests.simulation.database import fresh_world, prepared  # noqa: E402 - as above
from tests.simulation.history import drawn, play, shortened  # noqa: E402 - as above

MOST_FAILURES = 3
SEEDS_PER_BUG = 60


def main() -> int:
    asked = _arguments()
    logging.disable(logging.CRITICAL)
    started = time.monotonic()
    try:
        failures = _find_the_bugs(asked.steps) if asked.bugs else _play_all(asked)
    finally:
        environment.pytest_unconfigure()
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many histories to play")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=40, help="steps of each history")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--bugs", action="store_true", help="see that each planted bug is found")
    return parser.parse_args()


def _play_all(asked: argparse.Namespace) -> int:
    shares = [
        (range(asked.first + number, asked.first + asked.seeds, asked.processes), asked.steps)
        for number in range(asked.processes)
    ]
    with get_context("fork").Pool(asked.processes) as pool:
        failures = [failure for found in pool.starmap(failures_of, shares) for failure in found]
    print("\n\n".join(failures) or f"{asked.seeds} histories of {asked.steps} steps, no law broken")
    return len(failures)


def failures_of(seeds: range, steps: int, bug: str = "") -> list[str]:
    """What went wrong, for people; stops after a few."""
    logging.disable(logging.CRITICAL)
    pristine = prepared()
    failures: list[str] = []
    with _planted(bug):
        for seed in seeds:
            history = drawn(seed, steps)
            if play(history, fresh_world(pristine)):
                short = shortened(history, lambda some: bool(play(some, fresh_world(pristine))))
                fault = play(short, fresh_world(pristine))
                told = "\n  ".join(map(str, short))
                failures.append(f"seed {seed} (--first {seed} --seeds 1): {fault}\n  {told}")
            if len(failures) == (1 if bug else MOST_FAILURES):
                break
    return failures


def _find_the_bugs(steps: int) -> int:
    missed = 0
    with get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        found = pool.starmap(failures_of, [(range(SEEDS_PER_BUG), steps, bug) for bug in BUGS], chunksize=1)
    for bug, failures in zip(BUGS, found, strict=True):
        missed += not failures
        print(f"{bug}: {failures[0] if failures else f'NOT FOUND in {SEEDS_PER_BUG} seeds'}\n")
    return missed


def _planted(bug: str) -> AbstractContextManager[object]:
    return BUGS[bug]() if bug else nullcontext()


if __name__ == "__main__":
    sys.exit(main())
