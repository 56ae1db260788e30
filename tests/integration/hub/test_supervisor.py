"""The supervisor's promises, kept with real processes: they restart, they are waited for, none is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hub.local.folder import DataFolder
from hub.local.health import file_check
from hub.local.lock import AlreadyRunningError, only_one
from hub.local.processes import ProcessSpec
from hub.local.servers import StartError
from hub.local.supervisor import Supervisor

pytestmark = pytest.mark.stack

# Starts a helper of its own, says that it is ready, and waits.
WITH_HELPER = """
import subprocess, sys, time
from pathlib import Path
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
Path(sys.argv[1]).write_text(str(helper.pid))
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def spec(folder: DataFolder, name: str, program: str) -> ProcessSpec:
    ready = folder.ready(name)
    return ProcessSpec(name, (sys.executable, "-c", program, str(ready)), file_check(ready))


def supervisor(folder: DataFolder, *specs: ProcessSpec) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    return Supervisor(specs, folder, dict(os.environ), said.append), said


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_killed_process_is_restarted_and_that_is_said(folder: DataFolder) -> None:
    watch, said = supervisor(folder, spec(folder, "painter", WITH_HELPER))
    try:
        watch.wait_until_healthy(10)
        first = int(folder.pid("painter").read_text())
        os.kill(first, signal.SIGKILL)
        while (child := watch.children["painter"]).healthy:
            watch.tick()
        watch.wait_until_healthy(10)
        assert child.process is not None
        assert int(folder.pid("painter").read_text()) == child.process.pid != first
        assert [sentence.split(" (")[0] for sentence in said] == [
            "painter is ready",
            "painter ended",
            "painter is ready again",
        ]
    finally:
        watch.stop()


def test_a_helper_does_not_outlive_the_process_that_started_it(folder: DataFolder) -> None:
    watch, _ = supervisor(folder, spec(folder, "painter", WITH_HELPER))
    try:
        watch.wait_until_healthy(10)
        helper = int(folder.ready("painter").read_text())
        os.kill(int(folder.pid("painter").read_text()), signal.SIGKILL)
        while watch.children["painter"].process is not None:
            watch.tick()
        assert within(5, lambda: gone(helper))
    finally:
        watch.stop()


def test_stopping_leaves_no_process_behind(folder: DataFolder) -> None:
    watch, _ = supervisor(folder, spec(folder, "painter", WITH_HELPER))
    watch.wait_until_healthy(10)
    pids = [int(folder.pid("painter").read_text()), int(folder.ready("painter").read_text())]
    watch.stop()
    assert within(5, lambda: all(gone(pid) for pid in pids))


def test_a_process_that_keeps_dying_at_start_is_reported_with_its_log(folder: DataFolder) -> None:
    watch, _ = supervisor(folder, spec(folder, "painter", "raise SystemExit('The brushes are missing.')"))
    with pytest.raises(StartError, match=r"(?s)painter died 3 times while starting.*The brushes are missing\."):
        watch.wait_until_healthy(20)
    watch.stop()


def test_a_process_that_never_gets_healthy_is_reported(folder: DataFolder) -> None:
    watch, _ = supervisor(folder, spec(folder, "painter", "import time; time.sleep(60)"))
    with pytest.raises(StartError, match=r"painter was not healthy after 1 s"):
        watch.wait_until_healthy(1)
    watch.stop()


def test_a_process_waits_for_the_one_it_comes_after(folder: DataFolder) -> None:
    late = ProcessSpec("late", (sys.executable, "-c", ""), file_check(folder.ready("late")), after="painter")
    watch, _ = supervisor(folder, spec(folder, "painter", "import time; time.sleep(60)"), late)
    watch.launch()
    for _ in range(5):
        watch.tick()
    assert not folder.pid("late").exists()
    watch.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux can tie a process to its parent.")
def test_not_even_kill_9_of_the_supervisor_leaves_a_process_behind(folder: DataFolder) -> None:
    program = (
        "import sys, time; from pathlib import Path; from hub.local.children import start_child; import os\n"
        "child = start_child([sys.executable, '-c', 'import time; time.sleep(60)'], env=os.environ, log=Path(sys.argv[1]))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder.log("x"))], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        assert within(5, lambda: gone(child))


def test_a_second_stack_on_the_same_folder_is_refused_with_advice(folder: DataFolder) -> None:
    lock = folder.run / "lock"
    with only_one(lock), pytest.raises(AlreadyRunningError) as refusal, only_one(lock):
        pass
    assert str(refusal.value) == (
        f"Irodori already runs on {folder.root} (process {os.getpid()}). "
        f"Stop that one, or choose another folder with --data-dir."
    )
