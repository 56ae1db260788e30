"""`irodori up`: prepares the data folder, starts the processes, seeds the demo, and watches until it is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.local.children import start_child, stop_children
from hub.local.environment import replaced_settings, stack_environment, uses_shipped_base
from hub.local.first_run import prepare
from hub.local.folder import DataFolder, read_json, write_json
from hub.local.lock import only_one
from hub.local.ports import HOST, Ports, choose_ports
from hub.local.processes import embedded_stack
from hub.local.secrets_file import load_secrets
from hub.local.servers import log_tail
from hub.local.store import forget_sockets
from hub.local.supervisor import Supervisor

PATIENCE_S = 180.0
DEMO_PEOPLE = ("twemoji@demo.example", "buyer@demo.example", "admin@demo.example")


@dataclass
class Stack:
    """One embedded stack on one data folder."""

    folder: DataFolder
    ports: Ports
    env: Mapping[str, str]
    supervisor: Supervisor
    say: Callable[[str], None]

    @property
    def url(self) -> str:
        return self.env["HUB_URL"]

    def start(self) -> None:
        """Returns when every process is healthy, or a stop was asked for. Raises StartError."""
        self.publish(ready=False)
        prepare(self.folder, self.env, self.say, lambda: self.supervisor.stopping)
        if self.supervisor.stopping:
            return
        self.supervisor.launch()
        self.supervisor.wait_until_healthy(PATIENCE_S, ["store"])
        if not self.supervisor.stopping:
            self._ensure_bucket()
        self.supervisor.wait_until_healthy(PATIENCE_S)

    def publish(self, *, ready: bool) -> None:
        """Tell other processes where the stack is, and whether it takes requests."""
        state = {"pid": os.getpid(), "url": self.url, "ready": ready, "ports": asdict(self.ports)}
        write_json(self.folder.state, state)

    def seed(self) -> None:
        """Fill an empty catalogue as people would, over HTTP, once. A failure is said, and tried again next time."""
        done = self.folder.run / "seeded"
        if done.exists() or not uses_shipped_base(self.env):
            return
        self.say("Filling the demo's catalogue, as its creators would ...")
        log = self.folder.log("seed")
        command = (sys.executable, "-m", "hub.local.seed")
        process = start_child(command, env={**self.env, "DJANGO_SETTINGS_MODULE": "hub.settings"}, log=log)
        try:
            while process.poll() is None and not self.supervisor.stopping:
                self.supervisor.tick()
                _wait_a_moment(process)
        finally:
            stop_children([process], with_signal=signal.SIGKILL, patience_s=5)
        if process.returncode == 0:
            done.touch()
        elif not self.supervisor.stopping:
            self.say(f"The catalogue is not complete. The log, {log}, ends:\n{log_tail(log)}")

    def stop(self) -> None:
        self.supervisor.stop()
        forget_sockets(self.ports)
        self.folder.state.unlink(missing_ok=True)

    def _ensure_bucket(self) -> None:
        # Imported while the processes start: boto3 takes half a second that they can use.
        from hub.config import HubConfig
        from hub.object_store import ObjectStore

        config = HubConfig(
            s3_endpoint=self.env["HUB_S3_ENDPOINT"],
            s3_access_key=self.env["HUB_S3_ACCESS_KEY"],
            s3_secret_key=self.env["HUB_S3_SECRET_KEY"],
        )
        ObjectStore(config).ensure_bucket([self.url, self.url.replace(HOST, "localhost")])


def run_stack(data_dir: Path, port: int, *, seed: bool, say: Callable[[str], None]) -> None:
    """Run the embedded stack until Ctrl-C or SIGTERM. Raises StartError or AlreadyRunningError."""
    folder = DataFolder(data_dir.resolve())
    folder.create()
    with only_one(folder.run / "lock"):
        stack = _build(folder, port, say)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stack.supervisor.request_stop)
        try:
            _run(stack, seed=seed)
        finally:
            say("Stopping ...")
            stack.stop()


def running_environment(data_dir: Path) -> dict[str, str]:
    """The environment of the stack that runs on a data folder, for programs that work beside it.

    Raises FileNotFoundError when none runs.
    """
    folder = DataFolder(data_dir.resolve())
    state = read_json(folder.state)
    # A stack that was killed leaves its state behind.
    if not state or not _lives(state["pid"]):
        raise FileNotFoundError(f"No stack runs on {folder.root}. Start one with: irodori up --data-dir {data_dir}")
    ports = Ports(**state["ports"])
    return stack_environment(os.environ, folder, ports, load_secrets(folder.secrets))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, so it lives
        return True
    return True


def _build(folder: DataFolder, port: int, say: Callable[[str], None]) -> Stack:
    keys = load_secrets(folder.secrets)
    for path in (folder.ledger_key, folder.receipt_key):
        if not path.exists():
            # Imported where it is needed: every later start does without.
            from hub.signing import make_key

            make_key(path)
    ports, moved = choose_ports(Ports(site=port) if port else Ports(*[0] * 7))
    for sentence in moved:
        say(sentence)
    for name in replaced_settings(os.environ):
        say(f"{name} is set, but `irodori up` brings its own; run the processes yourself to use that one.")
    env = stack_environment(os.environ, folder, ports, keys)
    return Stack(folder, ports, env, Supervisor(embedded_stack(folder, ports, keys, env), folder, env, say), say)


def _run(stack: Stack, *, seed: bool) -> None:
    stack.start()
    if stack.supervisor.stopping:
        return
    keys = load_secrets(stack.folder.secrets)
    if seed:
        stack.seed()
    stack.publish(ready=True)
    stack.say(f"Irodori is ready at {stack.url}   (Ctrl-C stops it)")
    if (stack.folder.run / "seeded").exists():
        stack.say(f"Sign in as {' or '.join(DEMO_PEOPLE)}, password {keys.demo_password}")
    stack.supervisor.watch()


def _wait_a_moment(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return
