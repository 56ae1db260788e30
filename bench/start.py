"""`make bench-start`: how long a person waits for the first page, a worker and a picture, and what rests in memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil

from bench.common import Row, report, row
from hub.local import shipped
from hub.local.folder import DataFolder, read_json
from hub.testing.stack import RunningStack, running_stack, starting_stack, wait_until_ready

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
# What a worker costs that only imports its libraries and holds the base: the rest is ours.
BARE_WORKER = """
import sys, time, psutil, torch
from diffusers import StableDiffusionXLPipeline
pipeline = StableDiffusionXLPipeline.from_pretrained(sys.argv[1])
print(psutil.Process().memory_info().rss, flush=True)
"""
MB = 1e6
ORDER = ("first_page", "worker_ready", "first_image", "site_memory", "worker_memory")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="irodori-bench-") as name:
        measured = {each.id: each for each in (*_second_start(Path(name)), _first_image())}
    print(f"Written to {report('start', [measured[id_] for id_ in ORDER])}")


def _second_start(data_dir: Path) -> list[Row]:
    folder = DataFolder(data_dir)
    with running_stack(data_dir):
        pass  # The first start prepares the folder; what is measured is the second and later ones.
    pages, workers, site_memory, worker_memory = [], [], [], []
    for _ in range(RUNS):
        began = time.monotonic()
        with starting_stack(folder) as process:
            pages.append(_until(began, lambda: _shows_a_page(folder)))
            workers.append(_until(began, lambda: folder.ready("generate").exists()))
            stack = wait_until_ready(folder, process)
            time.sleep(2)
            site_memory.append(_memory(stack, "site"))
            worker_memory.append(_memory(stack, "generate") - _bare_worker_memory(shipped.BASE))
    return [
        row("first_page", "second start to first page", "s", "≤ 6 s", pages),
        row("worker_ready", "second start to a worker with its base loaded", "s", "≤ 15 s", workers),
        row("site_memory", "site process at rest", "MB", "≤ 200 MB", site_memory),
        row(
            "worker_memory",
            "serving worker at rest, over bare torch, diffusers and base",
            "MB",
            "≤ 150 MB",
            worker_memory,
        ),
    ]


def _first_image() -> Row:
    """From the start of `make smoke` on an empty folder to its first image."""
    samples = []
    for _ in range(max(1, RUNS // 2)):
        with tempfile.TemporaryDirectory(prefix="irodori-bench-") as name:
            answer = Path(name) / "seconds"
            command = [sys.executable, "-m", "tests.e2e.smoke", "--until-first-image", str(answer)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            samples.append(float(answer.read_text()))
    return row("first_image", "make smoke's start to its first image", "s", "≤ 60 s", samples)


def _until(began: float, happened: Callable[[], bool]) -> float:
    while not happened():
        if time.monotonic() - began > 120:
            raise TimeoutError("The stack did not start within two minutes.")
        time.sleep(0.02)
    return time.monotonic() - began


def _shows_a_page(folder: DataFolder) -> bool:
    url = read_json(folder.state).get("url")
    try:
        return bool(url) and httpx.get(f"{url}/", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _memory(stack: RunningStack, name: str) -> float:
    """MB of a process and what it started; resident set size."""
    process = psutil.Process(stack.pid_of(name))
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / MB


def _bare_worker_memory(base: Path) -> float:
    answer = subprocess.run([sys.executable, "-c", BARE_WORKER, str(base)], check=True, capture_output=True, text=True)
    return int(answer.stdout) / MB


if __name__ == "__main__":
    main()
