"""Chromium for the browser tests: missing, it is a skip on a laptop and a failure in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.needed import lacking

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox, GPU or shared memory of its own, as containers have it.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def chromium() -> str | None:
    """The browser that CHROMIUM names, else the first one installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one file alone: as long as it is there a loop runs in this thread, in which Django asks no database."""
    executable = chromium()
    if executable is None:
        lacking("Chromium is not installed. Install it (apt install chromium), or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield started
        started.close()
