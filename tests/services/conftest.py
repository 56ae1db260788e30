"""Real Celery workers on the database and broker that the settings name."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from kombu import Connection

from hub.jobs import SITE_QUEUE, WEBHOOK_QUEUE, generate_queue
from hub.local.children import start_child, stop_children
from hub.local.folder import DataFolder
from hub.local.servers import log_tail
from hub.ready import PROCESS_NAME
from hub.testing.environment import FOLDER
from hub.workers import generate_worker, site_worker

READY_S = 60.0


@dataclass
class Workers:
    """Worker processes by name; each runs until it is killed or the test ends."""

    folder: DataFolder
    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_site(self, name: str = "site", beat: bool = True) -> None:
        self._start(name, site_worker(beat=beat), {"DJANGO_SETTINGS_MODULE": "hub.settings", "CELERY_SKIP_CHECKS": "1"})

    def start_echo(self, name: str = "echo", seconds: float = 0.0, host: str = "%h") -> None:
        """A serving worker whose engine answers each prompt after `seconds`."""
        command = (*generate_worker(["echo"]), f"--hostname=generate@{host}")
        self._start(name, command, {"HUB_PLUGIN_CONFIG": f'{{"echo": {{"seconds": {seconds}}}}}'})

    def kill(self, name: str) -> None:
        """As a crash would: with everything it holds in its hands."""
        stop_children([self.running.pop(name)], with_signal=signal.SIGKILL, patience_s=5)

    def ask_to_stop(self, name: str) -> None:
        """As its supervisor does; it goes on with what it draws."""
        self.running[name].send_signal(signal.SIGTERM)

    def stop(self) -> None:
        stop_children(list(self.running.values()), with_signal=signal.SIGTERM, patience_s=5)

    def _start(self, name: str, command: tuple[str, ...], extra: dict[str, str]) -> None:
        ready = self.folder.ready(name)
        ready.unlink(missing_ok=True)
        env = {**self.env, PROCESS_NAME: name, **extra}
        self.running[name] = start_child(command, env=env, log=self.folder.log(name))
        assert within(READY_S, ready.exists), f"{name} did not start:\n{log_tail(self.folder.log(name))}"


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    """Did it happen before this much time was over?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.1)
    return False


def database_url() -> str:
    """The address of the test database, as HUB_DATABASE_URL takes it."""
    database = settings.DATABASES["default"]
    if "sqlite3" in database["ENGINE"]:
        return f"sqlite:///{database['NAME']}"
    host = f"{database['HOST']}:{database['PORT'] or 5432}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{host}/{database['NAME']}"


@pytest.fixture
def workers(broker: str, object_store_server: object, transactional_db: None) -> Iterator[Workers]:
    empty_queues(broker)
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    started = Workers(FOLDER, {**inherited, "HUB_DATABASE_URL": database_url()})
    yield started
    started.stop()
    empty_queues(broker)


def empty_queues(url: str) -> None:
    """What another run left behind is not for these workers."""
    with Connection(url) as connection:
        for name in (SITE_QUEUE, WEBHOOK_QUEUE, generate_queue("echo")):
            with connection.SimpleQueue(name) as queue:
                queue.clear()
