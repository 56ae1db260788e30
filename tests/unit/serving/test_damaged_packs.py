"""A pack that changes on the disk: fetched again once, and only the request that wears it can fail."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from hub.jobs import AdapterUse, GenerateJob, GenerationFailed, GenerationSucceeded, Message
from hub.object_store import ObjectStore
from hub.plugin_api import Engine, EngineInfo, Generation, LocalPack, ModelLayout, Run
from serving.adapters.cache import PackCache
from serving.adapters.checksums import UnreadablePackError
from serving.adapters.mapped import MappedPack
from serving.engine.loop import EngineLoop
from serving.generate import Generator
from serving.in_hand import JobsInHand
from tests.serving_jobs import job

pytestmark = pytest.mark.torch
PACK = b"weights" * 1000
SHA256 = hashlib.sha256(PACK).hexdigest()
USE = AdapterUse(pack_sha256=SHA256, pack_key=f"packs/{SHA256}", kind="lora", weight=1.0)


class Reads(Engine):
    """Draws the bytes of its packs, and checks them first as every engine must."""

    info = EngineInfo(schedulers=("none",), size_multiple=8, max_steps=50, compute_price=lambda *_: 0)

    def __init__(self) -> None:
        self.unreadable: set[str] = set()

    def load(self, device: str) -> None: ...

    def layout(self) -> ModelLayout:
        return ModelLayout({}, {})

    def fingerprint(self) -> str:
        return ""

    def group(self, job: GenerateJob) -> str:
        return ""

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        for pack in packs:
            if pack.use.pack_sha256 in self.unreadable:
                raise UnreadablePackError(pack.use.pack_sha256, "is of another time.")
            MappedPack(pack.path, pack.checksums).items(torch.uint8, 0, len(PACK))

    def start(self, job: GenerateJob, packs: Sequence[LocalPack]) -> Run:
        return Run(job)

    def step(self, runs: Sequence[Run]) -> None:
        for run in runs:
            run.step += 1

    def finish(self, run: Run) -> Generation:
        return Generation(b"image", "image/png", run.job.seed)


class Setup:
    """A generator whose store holds one pack; `fetched` counts how often it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.fetched, self.content = 0, PACK
        self.engine, self.sent = Reads(), list[Message]()
        self.cache = PackCache(folder, 2**30, self._fetch)
        self.loop = EngineLoop({"sdxl": self.engine}, "cpu", 60.0)
        store = SimpleNamespace(put=lambda key, content, media_type: hashlib.sha256(content).hexdigest())
        self.generator = Generator(
            loop=self.loop,
            cache=self.cache,
            store=cast("ObjectStore", store),
            jobs=JobsInHand(),
            send=self.sent.append,
            worker="w",
        )
        self.file = folder / f"{SHA256}.safetensors"

    def _fetch(self, key: str) -> Iterable[bytes]:
        self.fetched += 1
        yield self.content

    def run(self, *uses: AdapterUse) -> Message:
        self.generator.run(job(adapters=[use.model_dump() for use in uses]).model_dump(mode="json"))
        return self.sent[-1]

    def damage(self) -> None:
        content = bytearray(self.file.read_bytes())
        content[100] ^= 1
        self.file.write_bytes(content)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    made = Setup(tmp_path / "packs")
    made.loop.start()
    yield made
    made.loop.stop(timeout=10)


def test_a_flipped_byte_is_found_and_the_pack_fetched_again_once(setup: Setup) -> None:
    assert isinstance(setup.run(USE), GenerationSucceeded)
    setup.damage()
    assert isinstance(setup.run(USE), GenerationSucceeded)
    assert (setup.fetched, setup.file.read_bytes()) == (2, PACK)


def test_a_pack_that_stays_bad_fails_its_own_request_alone(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = setup.cache.hold

    @contextmanager
    def onto_a_bad_disk(uses: Sequence[AdapterUse]) -> Iterator[list[LocalPack]]:
        with hold(uses) as packs:
            if packs:
                setup.damage()
            yield packs

    monkeypatch.setattr(setup.cache, "hold", onto_a_bad_disk)
    failed = setup.run(USE)
    assert isinstance(failed, GenerationFailed)
    assert (failed.code, failed.retryable, failed.pack, setup.fetched) == ("storage_error", True, SHA256, 2)
    assert isinstance(setup.run(), GenerationSucceeded)


def test_a_pack_that_no_worker_can_read_fails_its_own_request_for_good(setup: Setup) -> None:
    setup.engine.unreadable.add(SHA256)
    failed = setup.run(USE)
    assert isinstance(failed, GenerationFailed)
    assert (failed.code, failed.retryable, failed.pack) == ("unreadable_style", False, SHA256)
    assert isinstance(setup.run(), GenerationSucceeded)


def test_what_the_store_has_instead_of_a_pack_is_told_of_its_style(setup: Setup) -> None:
    setup.content = b"something else"
    failed = setup.run(USE)
    assert isinstance(failed, GenerationFailed)
    assert (failed.code, failed.retryable, failed.pack) == ("storage_error", True, SHA256)


def test_a_pack_that_another_worker_of_this_machine_deletes_is_fetched_again_once(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker knows only what it holds itself."""
    hold, deletes = setup.cache.hold, iter([True, False])

    @contextmanager
    def deleted_meanwhile(uses: Sequence[AdapterUse]) -> Iterator[list[LocalPack]]:
        with hold(uses) as packs:
            if next(deletes):
                PackCache(setup.cache.folder, 0, setup.cache.fetch)._make_room()
            yield packs

    monkeypatch.setattr(setup.cache, "hold", deleted_meanwhile)
    assert isinstance(setup.run(USE), GenerationSucceeded)
    assert setup.fetched == 2


def test_a_worker_that_starts_drops_what_was_damaged_before(setup: Setup) -> None:
    setup.run(USE)
    setup.damage()
    started = PackCache(setup.cache.folder, 2**30, setup.cache.fetch)
    started.verify()
    assert not setup.file.exists()
    with started.hold([USE]) as (pack,):
        assert pack.path.read_bytes() == PACK
    started.verify()
    assert setup.file.exists()
