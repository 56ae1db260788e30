"""`python -m tests.e2e.faults`: the hub on a PostgreSQL of its own, every fault, the audit; exits with 0 or 1."""

import argparse
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import django

from hub.local.folder import DataFolder
from tests.e2e.faults.cluster import fresh_cluster
from tests.e2e.faults.hub_on_postgres import Hub


def main() -> int:
    options = _options()
    folder = DataFolder(Path(tempfile.mkdtemp(prefix="irodori-faults-")))
    done: list[str] = []
    began = time.monotonic()
    try:
        _run(options, folder, done)
    except Exception:  # noqa: BLE001 - whatever broke, people want to know how to repeat it
        traceback.print_exc()
        print(_how_to_repeat(options, folder, done))
        return 1
    shutil.rmtree(folder.root)
    print(f"faults: no money lost or made in {time.monotonic() - began:.0f} s (seed {options.seed})")
    return 0


def _run(options: argparse.Namespace, folder: DataFolder, done: list[str]) -> None:
    with fresh_cluster() as cluster:
        hub = Hub(folder, cluster)
        try:
            hub.start()
            print(f"the hub is ready at {hub.url}, its database on port {cluster.port}", flush=True)
            _set_up_django(hub)
            # Django must be set up first.
            from tests.e2e.faults.run import run
            from tests.e2e.faults.scene import Scene

            chance = random.Random(options.seed)
            run(Scene(hub, chance, short=options.short, say=done.append), options.only)
        finally:
            hub.stop()


def _set_up_django(hub: Hub) -> None:
    """This process looks at the hub's own rows and objects, and races on its own functions."""
    os.environ |= {**hub.env, "DJANGO_SETTINGS_MODULE": "hub.settings", "HUB_LOG_LEVEL": "ERROR"}
    django.setup()


def _how_to_repeat(options: argparse.Namespace, folder: DataFolder, done: list[str]) -> str:
    form = " --short" if options.short else ""
    only = "".join(f" --only {name}" for name in options.only)
    return "\n".join(
        [
            "FAILED. Done until then:",
            *(f"  {what}" for what in done[-20:]),
            f"The logs are in {folder.logs}",
            f'To repeat it: make faults FAULTS="--seed {options.seed}{form}{only}"',
        ]
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--short", action="store_true", help="Less of each, within a minute.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="What chance follows.")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="One of them; may be repeated.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
