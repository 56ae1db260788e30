"""Installs tests/dummy_plugin as a stranger's distribution, into a folder of its own."""

import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from hub.registry import Registry

SOURCE = Path(__file__).resolve().parents[1] / "dummy_plugin"


@cache
def dummy_registry() -> Registry:
    """A registry with the dummy plugin alone, found through its installed entry point."""
    sys.path.append(str(_installed()))
    return Registry.discover(["dummy"], {"dummy": {"max_words": 5}})


def _installed() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="irodori-dummy-"))
    # A copy, because a build leaves files beside its source.
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    # Without build isolation and dependencies: everything it needs is here, and a test needs no network.
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--disable-pip-version-check", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(folder / "site"), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / "site"
