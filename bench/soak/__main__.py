"""`make soak`: ten thousand operations on one engine, every image compared.

Sixteen threads submit random requests of a random base (two sizes, two schedulers, 2 steps, up to two styles each, some with a
DoRA that replaces weights) while others are cancelled, and one in a hundred operations hands in a file that must be refused,
or whose numbers are none. Every image is compared with the one that
its request gives alone; the base's parameters must be the same bytes at the end. A failure names the seed: `--seed` repeats it.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.common import Row, report, row
from bench.soak.storm import Outcome, Told, soak


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    print(f"Seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="irodori-soak-") as folder:
        found = soak(Path(folder), asked.requests, asked.seed, _progress(asked.requests))
    print(f"Written to {report('soak', list(_rows(found, asked.requests)))}")


def _progress(count: int) -> Told:
    began = time.monotonic()

    def told(done: int, resident: float) -> None:
        left = (time.monotonic() - began) * (count - done) / done / 60
        print(f"{done:,} of {count:,}, {resident:.0f} MB, about {left:.0f} min left", flush=True)

    return told


def _rows(found: Outcome, count: int) -> Iterator[Row]:
    what = f"memory after {count:,} operations, against after a tenth of them (tiny-sdxl, fast mode, float32, CPU)"
    beside = f"{found.images} images compared, {found.refused} hostile refused, {found.cancelled} cancelled"
    resident = " ".join(f"{each:.0f}" for each in found.memory)
    yield row("soak_growth", what, "%", "≤ 1 %", [found.growth], f"{beside}; MB after each tenth: {resident}")


if __name__ == "__main__":
    main()
