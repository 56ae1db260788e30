"""A short run of `make simulate`: in a process of its own, since it keeps its database in memory."""

import subprocess
import sys

import pytest


def simulate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)


def test_no_law_is_broken_in_a_hundred_histories() -> None:
    played = simulate("--seeds", "100")
    assert "100 histories of 40 steps, no law broken" in played.stdout, played.stdout + played.stderr


@pytest.mark.slow
def test_each_of_the_ten_planted_bugs_is_found() -> None:
    played = simulate("--bugs")
    assert (played.returncode, played.stdout.count(": seed ")) == (0, 10), played.stdout + played.stderr
