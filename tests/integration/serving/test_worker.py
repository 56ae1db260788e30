"""A real worker process, spoken to as the site does: messages in, messages and objects out."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub import jobs, keys
from hub.jobs import ConvertJob, GenerateJob
from hub.local.ports import Ports, choose_ports
from hub.object_store import ObjectStore
from serving.metrics.measures import MEASURES
from tests.factories.tensor_files import tensor_file
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job
from tests.site_side import WAIT_SECONDS, SiteSide

pytestmark = pytest.mark.stack

QUEUES = "generate.echo,convert"
METRICS_PORT = str(choose_ports(Ports(*[0] * 7))[0].metrics)


def echo_job(**changes: Any) -> GenerateJob:
    id_ = uuid4()
    return job(**{"id": id_, "engine": "echo", "base_model": "any", "output_key": keys.output(id_, 1)} | changes)


@pytest.fixture(scope="module")
def worker_environment(broker: str, object_store_server: ObjectStore, tiny_base: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    config = f'{{"sdxl": {{"base": "{tiny_base}", "base_model": "tiny-sdxl"}}, "echo": {{"prefix": "> "}}}}'
    return environment | {
        "HUB_BROKER_URL": broker,
        "HUB_PLUGIN_CONFIG": config,
        "HUB_PROCESS_NAME": "worker-test",
        "HUB_METRICS_PORT": METRICS_PORT,
    }


def command(*options: str) -> Sequence[str]:
    fast = ("--pool=threads", "--concurrency=2", "--without-gossip", "--without-mingle")
    return [sys.executable, "-m", "celery", "-A", "serving.celery", "worker", f"--queues={QUEUES}", *fast, *options]


def ready_file() -> Path:
    return Path(os.environ["HUB_DATA_DIR"]) / "run" / "worker-test.ready"


@pytest.fixture(scope="module")
def worker(worker_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command("--hostname=test@host"), env=worker_environment)
    end = time.monotonic() + WAIT_SECONDS
    while not ready_file().exists() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    assert ready_file().read_text() == f"{process.pid}\n"
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_SECONDS) == 0
    assert not ready_file().exists()


@pytest.fixture
def site(broker: str, worker: subprocess.Popen[bytes]) -> SiteSide:
    return SiteSide.at(broker)


def test_a_generation_is_stored_and_reported(site: SiteSide, object_store_server: ObjectStore) -> None:
    request = echo_job(prompt="a pelican")
    site.send(jobs.GENERATE_TASK, request, "generate.echo")
    result = site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(request.id))
    seconds, device_seconds = result.pop("seconds"), result.pop("device_seconds")
    assert 0 <= device_seconds <= seconds < WAIT_SECONDS
    assert re.fullmatch(r"test@host#[0-9a-f]{8}", result.pop("worker"))
    assert result == {
        "version": 1,
        "id": str(request.id),
        "attempt": 1,
        "sha256": hashlib.sha256(b"> a pelican").hexdigest(),
        "size": 11,
        "media_type": "text/plain",
        "width": 64,
        "height": 64,
        "seed": 7,
    }
    assert object_store_server.get(request.output_key) == b"> a pelican"
    assert site.names_of(request.id) == [jobs.GENERATION_STARTED_TASK, jobs.GENERATION_SUCCEEDED_TASK]


def test_the_same_message_twice_makes_one_image_and_the_same_answer_again(site: SiteSide) -> None:
    request = echo_job()
    site.send(jobs.GENERATE_TASK, request, "generate.echo")
    first = site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(request.id))
    site.received.clear()
    site.send(jobs.GENERATE_TASK, request, "generate.echo")
    assert site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(request.id)) == first
    assert site.names_of(request.id) == [jobs.GENERATION_SUCCEEDED_TASK]


def test_prometheus_is_told_of_it(site: SiteSide) -> None:
    for request in (echo_job(), echo_job()):
        site.send(jobs.GENERATE_TASK, request, "generate.echo")
        site.wait_for(jobs.GENERATION_SUCCEEDED_TASK, id=str(request.id))
    with urllib.request.urlopen(f"http://127.0.0.1:{METRICS_PORT}/metrics") as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    told = {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
    assert told["irodori_images_total", "echo"] >= 2
    assert told["irodori_image_device_seconds_count", "echo"] == told["irodori_images_total", "echo"]
    assert told["irodori_queue_messages", "generate.echo"] == 0
    assert (told["irodori_jobs", "running"], told["irodori_jobs", "waiting"]) == (0, 0)
    assert told["irodori_tier_limit_bytes", "", "disk"] == 20 * 2**30
    assert 0 < told["irodori_device_memory_free_bytes", "cpu"] < told["irodori_device_memory_bytes", "cpu"]
    listed = {measure.name.removesuffix("_total") for measure in MEASURES}
    assert [family.name for family in families if family.name.startswith("irodori") and family.name not in listed] == []


def test_a_pack_that_is_missing_may_be_tried_again(site: SiteSide) -> None:
    content = b"a pack"
    pack = {"pack_sha256": hashlib.sha256(content).hexdigest(), "kind": "lora", "weight": 1.0}
    missing = echo_job(adapters=[pack | {"pack_key": "packs/of-nobody"}])
    site.send(jobs.GENERATE_TASK, missing, "generate.echo")
    failed = site.wait_for(jobs.GENERATION_FAILED_TASK, id=str(missing.id))
    assert (failed["code"], failed["retryable"]) == ("storage_error", True)


def test_adapters_on_an_engine_without_any_are_refused(site: SiteSide, object_store_server: ObjectStore) -> None:
    content = b"a pack"
    sha256 = object_store_server.put("packs/some", content, "application/octet-stream")
    pack = {"pack_sha256": sha256, "pack_key": "packs/some", "kind": "lora", "weight": 1.0}
    request = echo_job(adapters=[pack])
    site.send(jobs.GENERATE_TASK, request, "generate.echo")
    failed = site.wait_for(jobs.GENERATION_FAILED_TASK, id=str(request.id))
    assert (failed["code"], failed["retryable"]) == ("no_adapters", False)


def test_a_message_of_another_version_is_answered(site: SiteSide) -> None:
    request = echo_job()
    site.send(jobs.GENERATE_TASK, request.model_dump(mode="json") | {"version": 2}, "generate.echo")
    failed = site.wait_for(jobs.GENERATION_FAILED_TASK, id=str(request.id))
    assert (failed["code"], failed["retryable"]) == ("bad_message", False)


def test_remote_commands_answer(site: SiteSide) -> None:
    ask = site.app.control.broadcast
    fingerprints = ask(jobs.FINGERPRINT_COMMAND, reply=True, timeout=10, limit=1)
    cancelled = ask(jobs.CANCEL_COMMAND, arguments={"id": str(uuid4()), "attempt": 1}, reply=True, timeout=10, limit=1)
    assert (fingerprints, cancelled) == ([{"test@host": {"echo": ""}}], [{"test@host": {"ok": 0}}])


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "adapter_format", "expected"),
    [
        ("kohya", "kohya_lora", {"kind": "lora", "rank": 8, "modules": 228}),
        ("peft", "peft_lora", {"kind": "lora", "rank": 4, "modules": 228}),
        ("fine_tune", "sdxl_unet", {"kind": "fine_tune", "rank": 0}),
    ],
)
def test_an_upload_becomes_a_pack(
    site: SiteSide,
    object_store_server: ObjectStore,
    adapter_files: AdapterFiles,
    kind: str,
    adapter_format: str,
    expected: dict[str, Any],
) -> None:
    request = convert_job(object_store_server, getattr(adapter_files, kind).read_bytes(), adapter_format)
    site.send(jobs.CONVERT_TASK, request, jobs.CONVERT_QUEUE)
    found = site.wait_for(jobs.CONVERTED_TASK, upload_id=str(request.upload_id))
    stored = object_store_server.get(found["pack_key"])
    assert expected.items() <= found.items()
    assert found["pack_size"] == len(stored)
    if kind == "fine_tune":  # kept as its difference to the base: tests/integration/serving/test_fine_tunes.py
        assert found["pack_key"] == keys.thin_pack(found["pack_sha256"])
    else:
        assert found["pack_key"] == keys.pack(found["pack_sha256"]) == keys.pack(hashlib.sha256(stored).hexdigest())


@pytest.mark.torch
def test_an_upload_of_another_base_is_refused(
    site: SiteSide, object_store_server: ObjectStore, adapter_files: AdapterFiles
) -> None:
    request = convert_job(object_store_server, adapter_files.kohya.read_bytes(), "sdxl_unet")
    site.send(jobs.CONVERT_TASK, request, jobs.CONVERT_QUEUE)
    found = site.wait_for(jobs.CONVERT_REFUSED_TASK, upload_id=str(request.upload_id))
    assert (found["code"], found["attempt"]) == ("wrong_base", 1)


@pytest.mark.torch
def test_an_embedding_becomes_a_pack_that_its_files_name_calls(
    site: SiteSide, object_store_server: ObjectStore
) -> None:
    content = tensor_file({"clip_l": np.ones((2, 32), np.float32), "clip_g": np.ones((2, 32), np.float32)})
    request = convert_job(object_store_server, content, "textual_inversion", file_name="Ruin.safetensors")
    site.send(jobs.CONVERT_TASK, request, jobs.CONVERT_QUEUE)
    found = site.wait_for(jobs.CONVERTED_TASK, upload_id=str(request.upload_id))
    described = {name: found[name] for name in ("kind", "rank", "modules", "words")}
    assert described == {"kind": "embedding", "rank": 0, "modules": 0, "words": ["Ruin"]}


def convert_job(store: ObjectStore, content: bytes, adapter_format: str, file_name: str = "") -> ConvertJob:
    sha256 = hashlib.sha256(content).hexdigest()
    store.put(keys.source(sha256), content, "application/octet-stream")
    return ConvertJob(
        upload_id=uuid4(),
        attempt=1,
        source_key=keys.source(sha256),
        source_sha256=sha256,
        format=adapter_format,
        engine="sdxl",
        file_name=file_name,
    )


def test_refuses_to_start_where_django_would_come_in(worker_environment: dict[str, str]) -> None:
    environment = worker_environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    ended = subprocess.run(command(), env=environment, capture_output=True, timeout=WAIT_SECONDS, text=True)
    assert ended.returncode != 0
    assert "DJANGO_SETTINGS_MODULE is set" in ended.stderr


def test_refuses_to_start_without_its_engine(worker_environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [part.replace("generate.echo", "generate.nothing") for part in command()],
        env=worker_environment,
        capture_output=True,
        timeout=WAIT_SECONDS,
        text=True,
    )
    assert ended.returncode != 0
    assert "No engine called 'nothing' is enabled" in ended.stderr
