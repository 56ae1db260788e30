"""Looks at a machine's settings and at everything they name, and says in sentences what is wrong."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from hub import picture as pictures
from hub.config import HubConfig, hub_config, plugin_registry
from hub.registry import PluginStartError

Verdict = Literal["ok", "note", "broken"]
_VERDICTS: dict[str, Verdict] = {"ok": "ok", "note": "note", "broken": "broken"}
MIN_FREE_BYTES = 2 * 2**30
TIMEOUT_S = 3.0
# Whoever names one of these runs the processes by themselves.
SERVICES = ("HUB_BROKER_URL", "HUB_S3_ENDPOINT", "HUB_DATABASE_URL")
# As it was called, so that the advice can be pasted: `make demo` puts the command in .venv/bin, not on the PATH.
COMMAND = sys.argv[0] if Path(sys.argv[0]).name == "irodori" else "irodori"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table. A `note` is no fault; something `broken` stops the hub from working."""

    verdict: Verdict
    what: str
    text: str
    advice: str = ""


def examine(*, idle: bool = False, picture: bool = False) -> list[Finding]:
    """Every finding, in the order in which faults are worth mending.

    `idle`: no stack runs on the data folder and no setting names a service, so none is expected to answer.
    `picture`: a base is loaded and one picture timed, where torch is installed.
    """
    try:
        config = hub_config()
    except ValidationError as error:
        return [_settings_fault(error)]
    checks: list[Callable[[HubConfig], Iterator[Finding]]] = [
        _python,
        _folder,
        _plugins,
        *([_no_stack] if idle else [_broker, _store, _database]),
        _torch,
        *([partial(_picture, idle=idle)] if picture and find_spec("torch") else []),
        _embedded,
    ]
    return [finding for check in checks for finding in check(config)]


def _settings_fault(error: ValidationError) -> Finding:
    names = ", ".join("HUB_" + str(fault["loc"][0]).upper() for fault in error.errors())
    return Finding("broken", "settings", f"{names} can't be read: {error.errors()[0]['msg']}", "See .env.example.")


def _python(_config: HubConfig) -> Iterator[Finding]:
    yield Finding("ok", "Python", f"{sys.version.split()[0]} at {sys.executable}")


def _folder(config: HubConfig) -> Iterator[Finding]:
    if not config.data_dir.exists():
        yield Finding("note", "data folder", f"{config.data_dir} does not exist yet", "`irodori up` creates it.")
        return
    free = shutil.disk_usage(config.data_dir).free
    text = f"{config.data_dir.resolve()}, {free / 2**30:.1f} GiB free"
    low = free < MIN_FREE_BYTES
    yield Finding("note" if low else "ok", "data folder", text, "Make room: under 2 GiB is free." if low else "")


def _plugins(_config: HubConfig) -> Iterator[Finding]:
    try:
        registry = plugin_registry()
    except PluginStartError as error:
        yield Finding("broken", "plugins", str(error), "Correct HUB_PLUGINS, or name it in HUB_OPTIONAL.")
        return
    yield Finding("ok", "plugins", f"enabled: {', '.join(registry.plugins) or 'none'}")
    for name, reason in registry.failures.items():
        yield Finding("note", f"plugin {name}", reason, "It is in HUB_OPTIONAL, so the hub starts without it.")


def _no_stack(config: HubConfig) -> Iterator[Finding]:
    advice = f"Start one: {COMMAND} up --data-dir {config.data_dir}. Or set {', '.join(SERVICES)} to use services of your own."
    yield Finding(
        "note", "stack", f"no stack runs on {config.data_dir.resolve()}, and no setting names another", advice
    )


def _broker(config: HubConfig) -> Iterator[Finding]:
    address = urlsplit(config.broker_url)
    where = f"{address.scheme} at {address.hostname}:{address.port or ''}".rstrip(":")
    default = 5672 if address.scheme.startswith("amqp") else 6379
    if _listens(address.hostname or "", address.port or default):
        yield Finding("ok", "broker", f"{where} answers")
    else:
        yield Finding("broken", "broker", f"{where} does not answer", "Start it, or correct HUB_BROKER_URL.")


def _store(config: HubConfig) -> Iterator[Finding]:
    from botocore.exceptions import BotoCoreError, ClientError

    from hub.object_store import ObjectStore

    address = urlsplit(config.s3_endpoint)
    if not _listens(address.hostname or "", address.port or (443 if address.scheme == "https" else 80)):
        yield Finding(
            "broken", "object store", f"{config.s3_endpoint} does not answer", "Start it, or correct HUB_S3_ENDPOINT."
        )
        return
    try:
        ObjectStore(config).client.head_bucket(Bucket=config.s3_bucket)
    except (BotoCoreError, ClientError) as error:
        yield Finding(
            "broken",
            "object store",
            f"bucket {config.s3_bucket}: {error}",
            "Check HUB_S3_BUCKET and the two HUB_S3_ keys.",
        )
        return
    yield Finding("ok", "object store", f"bucket {config.s3_bucket} at {config.s3_endpoint}")


def _database(_config: HubConfig) -> Iterator[Finding]:
    if not find_spec("django"):
        yield Finding(
            "note", "database", "Django is not installed", "Only the site needs it: pip install 'irodori[site]'."
        )
        return
    import django
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    try:
        django.setup()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, PluginStartError) as error:
        yield Finding("broken", "database", f"{connection.vendor}: {error}", "Start it, or correct HUB_DATABASE_URL.")
        return
    if missing:
        yield Finding("broken", "database", f"{len(missing)} migrations are missing", "Run: python manage.py migrate")
    else:
        yield Finding("ok", "database", f"{connection.vendor}, all migrations applied")


def _torch(_config: HubConfig) -> Iterator[Finding]:
    if not find_spec("torch"):
        yield Finding("note", "torch", "not installed", "Only the workers need it: pip install 'irodori[serving]'.")
        return
    import torch

    accelerator = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no accelerator, the CPU draws"
    yield Finding("ok", "torch", f"{torch.__version__}, {accelerator}")


def _picture(_config: HubConfig, *, idle: bool) -> Iterator[Finding]:
    from hub.local import shipped

    settings = {}
    if idle and not os.environ.get("HUB_PLUGIN_CONFIG"):
        # What `irodori up` would serve here, from whatever folder the doctor is asked.
        settings["HUB_PLUGIN_CONFIG"] = json.dumps(
            {"sdxl": {"base": str(shipped.BASE), "base_model": shipped.BASE_MODEL}}
        )
    try:
        found = pictures.try_a_picture(settings)
    except pictures.NoAnswerError as error:
        yield Finding("broken", "one picture", str(error), "Start a worker to see its log, or add --no-picture.")
        return
    for each in found:
        yield Finding(_VERDICTS[each["verdict"]], each["what"], each["text"], each["advice"])


def _embedded(_config: HubConfig) -> Iterator[Finding]:
    from hub.local.store import StoreMissingError, weed

    try:
        weed()
    except StoreMissingError as error:
        yield Finding("note", "irodori up", str(error), "Only `irodori up` needs it.")
        return
    missing = [name for name in ("fakeredis", "lupa", "granian") if not find_spec(name)]
    if missing:
        yield Finding(
            "note", "irodori up", f"not installed: {', '.join(missing)}", "pip install 'irodori[site,serving,local]'"
        )
    else:
        yield Finding("ok", "irodori up", "everything it starts is installed")


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True
