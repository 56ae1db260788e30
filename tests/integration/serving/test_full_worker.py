"""The worker that `irodori worker generate` starts, with more to do than fits its batch, and when it is told to stop."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection
from prometheus_client.parser import text_string_to_metric_families

from hub import jobs, keys
from hub.jobs import GenerateJob, generate_queue
from hub.local.ports import Ports, choose_ports
from hub.object_store import ObjectStore
from hub.plugin_api import LocalPack, NoConfig
from hub.workers import generate_worker
from plugins.kohya_lora.format import KohyaLoraFormat
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack
from tests.site_side import WAIT_SECONDS, SiteSide

pytestmark = [pytest.mark.stack, pytest.mark.torch, pytest.mark.slow]
MAX_BATCH = 6  # And one job more, a quarter, waits with its styles at hand.
LONG, SHORT = 150, 2
QUEUE = generate_queue("sdxl")
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def metrics_port() -> str:
    return str(choose_ports(Ports(*[0] * 7))[0].metrics)


@pytest.fixture
def start(
    broker: str, object_store_server: ObjectStore, tiny_base: Path, tmp_path: Path, metrics_port: str
) -> Iterator[Start]:
    """Starts a worker with a data folder of its own, and waits until it takes jobs."""
    with Connection(broker) as connection, connection.SimpleQueue(QUEUE) as queue:
        queue.clear()
    started: list[subprocess.Popen[bytes]] = []

    def start_one(name: str) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"} | {
            "HUB_BROKER_URL": broker,
            "HUB_PLUGIN_CONFIG": f'{{"sdxl": {{"base": "{tiny_base}", "base_model": "tiny-sdxl"}}}}',
            "HUB_DATA_DIR": str(tmp_path / name),
            "HUB_PROCESS_NAME": "full",
            "HUB_METRICS_PORT": "0" if started else metrics_port,
            "HUB_MAX_BATCH": str(MAX_BATCH),
        }
        started.append(subprocess.Popen(generate_worker(["sdxl"]), env=environment))
        assert within(WAIT_SECONDS, (tmp_path / name / "run" / "full.ready").exists)
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def style(adapter_files: AdapterFiles, object_store_server: ObjectStore, tmp_path: Path, sdxl_engine: Any) -> LocalPack:
    """One that the store has, and no worker yet."""
    pack = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), sdxl_engine.layout())
    object_store_server.put_file(pack.use.pack_key, pack.path)
    return pack


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.1)
    return False


def wanted(steps: int, **changes: Any) -> GenerateJob:
    id_ = uuid4()
    return job(**{"id": id_, "steps": steps, "output_key": keys.output(id_, 1)} | changes)


def sent(site: SiteSide, *requests: GenerateJob) -> None:
    for request in requests:
        site.send(jobs.GENERATE_TASK, request, QUEUE)


def told(port: str) -> dict[tuple[str, ...], float]:
    """What the worker answers Prometheus: name and labels -> value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def in_hand(values: dict[tuple[str, ...], float]) -> tuple[float, ...]:
    """Jobs that run, that wait in the worker, and that wait in the queue."""
    names = (("irodori_jobs", "running"), ("irodori_jobs", "waiting"), ("irodori_queue_messages", QUEUE))
    return tuple(values[name] for name in names)


def holds(port: str, *jobs_of_it: int) -> bool:
    return within(WAIT_SECONDS, lambda: in_hand(told(port)) == jobs_of_it)


def fetched_meanwhile(port: str) -> bool:
    """Lies a style in the worker's slots while the batch is full and one waits?"""
    values = told(port)
    return values["irodori_tier_bytes", "sdxl", "slots"] > 0 and in_hand(values) == (MAX_BATCH, 1, 1)


def test_it_fills_its_batch_and_fetches_the_styles_of_the_next_meanwhile(
    start: Start, style: LocalPack, broker: str, metrics_port: str
) -> None:
    start("one")
    site = SiteSide.at(broker)
    sent(site, *(wanted(LONG) for _ in range(MAX_BATCH)))
    assert holds(metrics_port, MAX_BATCH, 0, 0)
    styled = wanted(SHORT, adapters=[style.use.model_dump()])
    sent(site, styled, wanted(SHORT))
    assert within(WAIT_SECONDS, lambda: fetched_meanwhile(metrics_port))
    site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(styled.id))


def test_told_to_stop_it_finishes_what_runs_and_hands_back_the_rest(
    start: Start, style: LocalPack, broker: str, metrics_port: str
) -> None:
    first = start("one")
    site = SiteSide.at(broker)
    runs = [wanted(LONG) for _ in range(MAX_BATCH)]
    sent(site, *runs)
    assert holds(metrics_port, MAX_BATCH, 0, 0)
    waits, queued = wanted(SHORT, adapters=[style.use.model_dump()]), wanted(SHORT)
    sent(site, waits)
    assert holds(metrics_port, MAX_BATCH, 1, 0)
    sent(site, queued)
    first.send_signal(signal.SIGTERM)
    site.wait_for(jobs.GENERATION_HANDED_BACK_TASK, id=str(waits.id), attempt=1)
    start("another")
    site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(queued.id))
    sent(site, waits)  # As the site does.
    site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(waits.id))
    for request in runs:
        site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(request.id))
    assert first.wait(WAIT_SECONDS) == 0
    assert [site.names_of(request.id).count(jobs.GENERATION_STARTED_TASK) for request in runs] == [1] * MAX_BATCH
