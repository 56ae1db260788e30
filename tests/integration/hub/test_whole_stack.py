"""`irodori up` as people run it: everything healthy, one per folder, nothing left behind."""

import os
import signal
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from hub.local.ports import Ports
from hub.local.processes import embedded_stack
from hub.local.secrets_file import load_secrets
from hub.local.visitor import Visitor
from hub.testing.stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.torch]


def irodori(stack: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hub.cli", *arguments, "--data-dir", str(stack.folder.root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_the_site_answers_and_every_process_runs(running_stack: RunningStack) -> None:
    assert httpx.get(f"{running_stack.url}/healthz").text == "ok"
    names = [
        spec.name
        for spec in embedded_stack(
            running_stack.folder, Ports(), load_secrets(running_stack.folder.secrets), running_stack.env
        )
    ]
    assert [name for name in names if not psutil.pid_exists(running_stack.pid_of(name))] == []


def test_its_secrets_are_for_its_owner_alone(running_stack: RunningStack) -> None:
    assert running_stack.folder.secrets.stat().st_mode & 0o777 == 0o600


def test_the_doctor_finds_nothing_broken(running_stack: RunningStack) -> None:
    found = irodori(running_stack, "doctor")
    assert (found.returncode, "broken" in found.stdout) == (0, False), found.stdout


@pytest.mark.slow
def test_the_doctor_finds_the_stack_on_the_default_folder_by_itself(running_stack: RunningStack) -> None:
    shell = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    found = subprocess.run(
        [sys.executable, "-m", "hub.cli", "doctor"],
        env={**shell, "HUB_DATA_DIR": str(running_stack.folder.root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, "object store" in found.stdout) == (0, True), found.stdout


def test_a_mail_goes_to_a_file_and_not_into_the_log(running_stack: RunningStack) -> None:
    Visitor(running_stack.url).sign_up("letters@example.org", "Letters", "a-long-password-7")
    mails = [mail.read_text() for mail in (running_stack.folder.root / "mail").iterdir()]
    [written] = [mail for mail in mails if "To: letters@example.org" in mail]
    assert "From: Irodori <no-reply@localhost>" in written
    assert "letters@example.org" not in running_stack.folder.log("site").read_text()


def test_a_second_stack_on_the_folder_is_refused(running_stack: RunningStack) -> None:
    refused = irodori(running_stack, "up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Irodori already runs on {running_stack.folder.root} (process ")


def test_a_killed_server_comes_back_while_the_site_goes_on(running_stack: RunningStack) -> None:
    before = running_stack.pid_of("broker")
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while running_stack.pid_of("broker") == before:
        assert httpx.get(f"{running_stack.url}/healthz").status_code == 200
        assert time.monotonic() < deadline
        time.sleep(0.05)
