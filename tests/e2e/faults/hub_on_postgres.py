"""The hub as `irodori up` runs it, but on a PostgreSQL that can be killed like the rest of it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psutil

from hub.config import DEFAULT_PLUGINS
from hub.local.environment import stack_environment
from hub.local.folder import DataFolder
from hub.local.ports import Ports, choose_ports
from hub.local.processes import embedded_stack
from hub.local.secrets_file import load_secrets
from hub.local.servers import StartError
from hub.local.stack import Stack
from hub.local.supervisor import Child, Supervisor
from tests.e2e.faults.cluster import Cluster

START_S = 120.0
AGAIN_S = 60.0
LEASE_S = 8
VICTIMS = ("site", "site-worker", "generate", "database")


class Hub:
    """All processes run under supervisors that one thread runs, since a child dies with the thread that started it."""

    def __init__(self, folder: DataFolder, cluster: Cluster) -> None:
        folder.create()
        keys, ports = load_secrets(folder.secrets), choose_ports(Ports(*[0] * 7))[0]
        self.env: Mapping[str, str] = {
            **stack_environment(_settings(), folder, ports, keys),
            "HUB_DATABASE_URL": cluster.url,
        }
        self._database = Supervisor([cluster.spec()], folder, os.environ, lambda _: None)
        # Nothing here is converted, and that worker alone loads torch.
        specs = [spec for spec in embedded_stack(folder, ports, keys, self.env) if spec.name != "convert"]
        supervisor = Supervisor(specs, folder, self.env, lambda _: None)
        self._stack = Stack(folder, ports, self.env, supervisor, lambda _: None)
        self._thread = Thread(target=self._supervise, name="supervisors")
        self._ready, self._stopping = Event(), Event()
        self._error: StartError | None = None

    @property
    def url(self) -> str:
        return self._stack.url

    def start(self) -> None:
        """Returns when every process is healthy. Raises StartError."""
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error

    def stop(self) -> None:
        self._stopping.set()
        self._stack.supervisor.request_stop()
        self._thread.join()

    def kill(self, name: str) -> None:
        """`kill -9` of a process and all that it started, and it is gone; its supervisor starts it anew."""
        child, pid = self._child(name), self._pid(name)
        # The growing delay is for what can't start, and this can.
        child.deaths = 0
        process = psutil.Process(pid)
        # PostgreSQL's backends leave the group of their parent, and would each finish what they do.
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        within(AGAIN_S, lambda: child.process is None or child.process.pid != pid, f"{name} is dead")

    def wait_until_healthy(self) -> None:
        """Until everything that was killed answers again."""
        every = [*self._database.children.values(), *self._stack.supervisor.children.values()]
        within(AGAIN_S, lambda: all(child.process and child.healthy for child in every), "the hub is healthy again")

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP for as long as the block runs; what was killed meanwhile stays dead."""
        process = psutil.Process(self._pid(name))
        process.suspend()
        try:
            yield
        finally:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _pid(self, name: str) -> int:
        process = self._child(name).process
        assert process is not None, f"{name} does not run"
        return process.pid

    def _child(self, name: str) -> Child:
        return {**self._database.children, **self._stack.supervisor.children}[name]

    def _supervise(self) -> None:
        try:
            self._database.launch()
            self._database.wait_until_healthy(START_S)
            self._stack.start()
            self._ready.set()
            while not self._stopping.wait(0.05):
                self._database.tick()
                self._stack.supervisor.tick()
        except StartError as error:
            self._error = error
        finally:
            self._ready.set()
            self._stack.stop()
            self._database.stop()


def within(seconds: float, happens: Callable[[], bool], what: str) -> None:
    """Wait for it. Raises AssertionError when it has not happened by then."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s it is not so that {what}"
        time.sleep(0.01)


def _settings() -> dict[str, str]:
    """Nothing of the caller's settings; an engine that takes a second, and leases that end soon."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return outside | {
        "HUB_PLUGINS": ",".join(("echo", *DEFAULT_PLUGINS)),
        "HUB_PLUGIN_CONFIG": '{"echo": {"seconds": 0.5}}',
        "HUB_SERVING_ENGINES": "echo",
        "HUB_LEASE_SECONDS": str(LEASE_S),
        "HUB_METRICS_PORT": "0",
    }
