"""What the embedded stack consists of: one entry per process, read from top to bottom."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.local.folder import DataFolder
from hub.local.health import Check, file_check, http_check, redis_check, s3_check
from hub.local.ports import HOST, Ports
from hub.local.secrets_file import Secrets
from hub.local.servers import STORE_ENVIRONMENT, broker_command
from hub.local.store import store_command
from hub.ready import PROCESS_NAME
from hub.workers import convert_worker, generate_worker, site_worker

# Streams stay open until their picture is done: a stop does not wait for them.
GRACE_S = 2


@dataclass(frozen=True)
class ProcessSpec:
    """One process: how to start it, when it counts as healthy, how to stop it."""

    name: str
    command: tuple[str, ...]
    healthy: Check
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    niceness: int = 0
    # Started only when this one is healthy, to leave it the processor.
    after: str | None = None


def embedded_stack(folder: DataFolder, ports: Ports, keys: Secrets, env: Mapping[str, str]) -> list[ProcessSpec]:
    """The processes in the order to start them; they are stopped in the opposite order."""
    engines = [name.strip() for name in env.get("HUB_SERVING_ENGINES", "sdxl,upscale").split(",")]
    return [
        ProcessSpec("broker", broker_command(ports.broker), redis_check(ports.broker), stop_signal=signal.SIGKILL),
        ProcessSpec(
            "store",
            store_command(folder, ports, keys.s3_access_key, keys.s3_secret_key),
            s3_check(ports.s3, keys.s3_access_key, keys.s3_secret_key),
            env=STORE_ENVIRONMENT,
            # It takes 25 s and more over SIGTERM, and loses nothing by SIGKILL.
            stop_signal=signal.SIGKILL,
        ),
        ProcessSpec("site", _site_command(ports.site), http_check(ports.site)),
        _worker("generate", generate_worker(engines), folder),
        # Celery would run Django's system checks first, which cost seconds at each start; `make lint` runs them.
        _worker("site-worker", site_worker(), folder, env={"CELERY_SKIP_CHECKS": "1"}),
        _worker("convert", convert_worker(), folder, after="generate"),
    ]


def _worker(
    name: str,
    command: tuple[str, ...],
    folder: DataFolder,
    *,
    env: Mapping[str, str] | None = None,
    after: str | None = None,
) -> ProcessSpec:
    return ProcessSpec(
        name,
        command,
        file_check(folder.ready(name)),
        env={PROCESS_NAME: name, **(env or {})},
        # So that pages stay quick while images are drawn, and come first at start-up.
        niceness=5,
        after=after,
    )


def _site_command(port: int) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--workers-kill-timeout", str(GRACE_S), "--no-ws", "hub.asgi:application"),
    )
