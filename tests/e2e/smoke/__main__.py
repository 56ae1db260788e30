"""`python -m tests.e2e.smoke`: runs the steps on a fresh stack, a line for each; exits with 0 or 1."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from hub.client import HubError
from hub.local.children import start_child, stop_children
from hub.local.folder import DataFolder
from hub.local.servers import StartError
from hub.testing.stack import starting_stack, wait_until_ready
from tests.e2e.smoke.main_job import MainJob


class FirstImageError(Exception):
    """Ends a run that was only to time the first image."""


def main() -> int:
    options = _options()
    folder = DataFolder(Path(tempfile.mkdtemp(prefix="irodori-smoke-")))
    folder.create()
    began = time.monotonic()

    def first_image() -> None:
        print(f"  first image {time.monotonic() - began:.1f} s after the start", flush=True)
        if options.until_first_image:
            options.until_first_image.write_text(str(time.monotonic() - began))
            raise FirstImageError

    try:
        _run(folder, first_image)
    except FirstImageError:
        pass
    except (AssertionError, HubError, StartError, httpx.HTTPError) as error:
        print(f"FAILED: {error}\nThe logs are in {folder.logs}")
        return 1
    shutil.rmtree(folder.root)
    print(f"smoke: all well in {time.monotonic() - began:.0f} s")
    return 0


def _run(folder: DataFolder, first_image: Callable[[], None]) -> None:
    # While the stack still starts, the reference is already drawn.
    with starting_stack(folder) as process, _reference(folder) as (files, reference):
        began = time.monotonic()
        stack = wait_until_ready(folder, process)
        print(f"the stack is ready at {stack.url}", flush=True)
        job = MainJob(stack, files, reference, first_image)
        for number, step in enumerate(
            (job.creator_publishes, job.buyer_generates, job.creator_earns, job.crashes_cost_nothing), start=1
        ):
            began = time.monotonic()
            result = step()
            print(
                f"{number} {step.__name__.replace('_', ' ')}: {result}  ({time.monotonic() - began:.1f} s)",
                flush=True,
            )


@contextmanager
def _reference(folder: DataFolder) -> Iterator[tuple[Path, "subprocess.Popen[bytes]"]]:
    files = folder.root / "smoke"
    files.mkdir()
    command = (sys.executable, "-m", "tests.e2e.smoke.plain_diffusers", str(files))
    process = start_child(command, env=os.environ, log=folder.log("plain-diffusers"), niceness=5)
    try:
        yield files, process
    finally:
        stop_children([process], with_signal=15, patience_s=2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make smoke")
    parser.add_argument("--until-first-image", type=Path, help="Stop after the first image and write the seconds here.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
