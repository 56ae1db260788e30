"""Starts the processes of the stack, waits until they are healthy, restarts what dies, stops all."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hub.local.children import start_child, stop_children
from hub.local.folder import DataFolder
from hub.local.processes import ProcessSpec
from hub.local.servers import StartError, log_tail

TICK_S = 0.1
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 15.0
# One that ran this long before it died is restarted at once, not later and later.
STEADY_S = 30.0
DEATHS_BEFORE_GIVING_UP = 3
STOP_PATIENCE_S = 5.0


@dataclass
class Child:
    """A process of the stack over its restarts."""

    spec: ProcessSpec
    process: subprocess.Popen[bytes] | None = None
    healthy: bool = False
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0


@dataclass
class Supervisor:
    """Runs in one thread: on Linux children die with the thread that started them."""

    specs: Iterable[ProcessSpec]
    folder: DataFolder
    env: Mapping[str, str]
    say: Callable[[str], None]
    stopping: bool = False
    children: dict[str, Child] = field(init=False)

    def __post_init__(self) -> None:
        self.children = {spec.name: Child(spec) for spec in self.specs}

    def request_stop(self, *_: object) -> None:
        """A signal handler; the loops below notice."""
        self.stopping = True

    def launch(self) -> None:
        """Start what need not wait for another; returns at once."""
        for child in self.children.values():
            self._start_if_due(child)

    def wait_until_healthy(self, patience_s: float, names: Iterable[str] | None = None) -> None:
        """Until all of `names` (default: every process) are healthy. Raises StartError with the log of what is not."""
        wanted = [self.children[name] for name in names or self.children]
        deadline = time.monotonic() + patience_s
        while not all(child.healthy for child in wanted) and not self.stopping:
            self.tick()
            for child in wanted:
                if child.deaths >= DEATHS_BEFORE_GIVING_UP:
                    raise StartError(self._failure(child, f"died {child.deaths} times while starting"))
            if time.monotonic() > deadline:
                late = next(child for child in wanted if not child.healthy)
                raise StartError(self._failure(late, f"was not healthy after {patience_s:.0f} s"))
            time.sleep(TICK_S)

    def watch(self) -> None:
        """Restart what dies, until a stop is requested."""
        while not self.stopping:
            self.tick()
            time.sleep(TICK_S)

    def tick(self) -> None:
        for child in self.children.values():
            self._note_death(child)
            self._start_if_due(child)
            self._note_health(child)

    def stop(self) -> None:
        """Stop all, with everything they started: workers and site first, so that they can still reach the servers."""
        running = [child for child in self.children.values() if child.process]
        polite = [child for child in running if child.spec.stop_signal == signal.SIGTERM]
        for group, number in ((polite, signal.SIGTERM), (running, signal.SIGKILL)):
            stop_children([c.process for c in group if c.process], with_signal=number, patience_s=STOP_PATIENCE_S)
        for child in running:
            child.process = None
            self.folder.pid(child.spec.name).unlink(missing_ok=True)
            self.folder.ready(child.spec.name).unlink(missing_ok=True)

    def _start_if_due(self, child: Child) -> None:
        spec = child.spec
        waits = spec.after is not None and not self.children[spec.after].healthy
        if child.process or waits or time.monotonic() < child.start_at:
            return
        self.folder.ready(spec.name).unlink(missing_ok=True)
        child.process = start_child(
            spec.command, env={**self.env, **spec.env}, log=self.folder.log(spec.name), niceness=spec.niceness
        )
        child.started_at = time.monotonic()
        self.folder.pid(spec.name).write_text(f"{child.process.pid}\n")

    def _note_death(self, child: Child) -> None:
        if child.process is None or child.process.poll() is None:
            return
        code = child.process.returncode
        stop_children([child.process], with_signal=signal.SIGKILL, patience_s=0)
        lived = time.monotonic() - child.started_at
        child.deaths = 1 if lived > STEADY_S else child.deaths + 1
        delay = min(FIRST_DELAY_S * 2 ** (child.deaths - 1), LONGEST_DELAY_S)
        child.process, child.healthy, child.start_at = None, False, time.monotonic() + delay
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"{child.spec.name} ended ({how}); restarting it. Its log: {self.folder.log(child.spec.name)}")

    def _note_health(self, child: Child) -> None:
        if child.process is None or child.healthy or not child.spec.healthy():
            return
        child.healthy = True
        took = time.monotonic() - child.started_at
        again = " again" if child.deaths else ""
        self.say(f"{child.spec.name} is ready{again} ({took:.1f} s)")

    def _failure(self, child: Child, what: str) -> str:
        log = self.folder.log(child.spec.name)
        return f"{child.spec.name} {what}. Its log, {log}, ends:\n{log_tail(log)}"
