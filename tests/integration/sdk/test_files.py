"""Uploads and images with a real store behind the real site, blocking and awaited."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from hub.object_store import object_store
from irodori_client import FailedError, InvalidInputError, UnreachableError, UsageError
from irodori_client.models import BatchChoices, BatchOrder
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import tiny_sdxl_base
from tests.factories.generation import PROMPT, make_request, order
from tests.factories.ledger import make_buyer
from tests.factories.playing import play_the_serving_worker, play_the_upload_workers
from tests.factories.tensor_files import MODULE, lora_file, tensor_file
from tests.unit.sdk.conftest import Hub

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
PART = 5 * 2**20


def two_parts() -> bytes:
    down = {f"{MODULE}.lora_down.weight": np.ones((4, 2**18), np.float32)}
    return tensor_file(down | {f"{MODULE}.lora_up.weight": np.ones((2**18, 4), np.float16)})


def file_in(folder: Path, content: bytes) -> Path:
    tiny_sdxl_base()
    path = folder / "ink.safetensors"
    path.write_bytes(content)
    return path


class Store(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The real store behind a network that loses the requests whose numbers are `lost`, and counts all."""

    def __init__(self, *lost: int) -> None:
        self.lost, self.asked = lost, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked in self.lost:
            raise httpx.ReadError("connection lost")
        answer = httpx.put(str(request.url), content=request.content)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def send(path: Path, **changes: Any) -> Callable[[Any], Any]:
    return lambda client: client.uploads.send(path, base_model="tiny-sdxl", **changes)


def test_a_file_in_two_parts_is_sent_and_checked(hub: Hub, tmp_path: Path) -> None:
    creator, content, told = make_user(), two_parts(), []
    path = file_in(tmp_path, content)
    sent = hub.do(creator, send(path, progress=lambda *each: told.append(each)))
    ready = hub.do(creator, lambda client: client.uploads.wait(sent.id), afterwards=play_the_upload_workers)
    assert (ready.state, ready.kind, ready.sha256) == ("ready", "lora", hashlib.sha256(content).hexdigest())
    assert told == sorted(told)
    assert told[-1] == (len(content), len(content))


def test_a_file_is_sent_where_nothing_can_be_kept_of_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    assert hub.do(make_user(), send(file_in(tmp_path, lora_file()))).state == "checking"


def test_a_lost_part_is_sent_again(hub: Hub, tmp_path: Path) -> None:
    creator, store = make_user(), Store(1, 2)
    sent = hub.do(creator, send(file_in(tmp_path, lora_file())), store_transport=store)
    assert hub.do(creator, lambda client: client.uploads.wait(sent.id), afterwards=play_the_upload_workers).is_final
    assert store.asked == 3


def test_an_interrupted_upload_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    creator, content = make_user(), two_parts()
    path, told = file_in(tmp_path, content), []
    with pytest.raises(UnreachableError, match="Part 2 could not be sent"):
        hub.do(creator, send(path), store_transport=Store(2, 3, 4))
    store = Store()
    hub.do(creator, send(path, progress=lambda *each: told.append(each)), store_transport=store)
    play_the_upload_workers()
    found = Upload.objects.get()
    assert (found.state, found.sha256, store.asked) == ("ready", hashlib.sha256(content).hexdigest(), 1)
    assert told[0] == (PART, len(content))


def test_a_file_that_was_changed_meanwhile_is_sent_from_the_start(hub: Hub, tmp_path: Path) -> None:
    creator, path = make_user(), file_in(tmp_path, two_parts())
    with pytest.raises(UnreachableError):
        hub.do(creator, send(path), store_transport=Store(2, 3, 4))
    path.write_bytes(lora_file())
    sent = hub.do(creator, send(path))
    assert (sent.size, Upload.objects.count()) == (len(lora_file()), 2)


def test_parts_that_the_store_no_longer_knows_are_sent_again_the_next_time(hub: Hub, tmp_path: Path) -> None:
    creator, path = make_user(), file_in(tmp_path, lora_file())
    with pytest.raises(UnreachableError):
        hub.do(creator, send(path), store_transport=Store(1, 2, 3))
    [journal] = (tmp_path / "state" / "irodori" / "uploads").iterdir()
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "etags": {"1": '"0123"'}}))
    with pytest.raises(InvalidInputError, match="does not know these parts"):
        hub.do(creator, send(path))
    assert hub.do(creator, send(path)).state == "checking"
    assert not list(journal.parent.iterdir())


def test_a_refused_file_tells_why(hub: Hub, tmp_path: Path) -> None:
    creator = make_user()
    sent = hub.do(creator, send(file_in(tmp_path, b"PK\x03\x04" + bytes(60))))
    with pytest.raises(FailedError, match="zip archive"):
        hub.do(creator, lambda client: client.uploads.wait(sent.id), afterwards=play_the_upload_workers)


def test_a_file_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        hub.do(make_user(), send(tmp_path / "none.safetensors"))


def test_a_file_that_becomes_shorter_is_told(hub: Hub, tmp_path: Path) -> None:
    path = file_in(tmp_path, two_parts())

    def cut(sent: int, _size: int) -> None:
        if sent == PART:
            path.write_bytes(bytes(PART))

    with pytest.raises(UsageError, match="became shorter"):
        hub.do(make_user(), send(path, progress=cut))


def test_an_image_is_awaited_and_saved(hub: Hub, tmp_path: Path) -> None:
    buyer = make_buyer()
    waiting, told = order(buyer), []
    made = hub.do(
        buyer,
        lambda client: client.generations.wait(waiting.pk, progress=lambda each: told.append((each.state, each.step))),
        afterwards=play_the_serving_worker,
    )
    assert told == [("queued", 0), ("running", 0), ("running", 2), ("succeeded", 4)]
    with pytest.raises(UsageError, match="can't be written"):
        hub.do(buyer, lambda client: client.generations.save(made, tmp_path / "none" / "image"))
    path = tmp_path / "image"
    assert hub.do(buyer, lambda client: client.generations.save(made, path)) == path
    assert path.read_bytes() == hub.do(buyer, lambda client: client.generations.image(made)) == PROMPT.encode()


def test_a_stream_ends_with_the_image(hub: Hub) -> None:
    buyer = make_buyer()
    waiting = order(buyer)
    seen = hub.every(buyer, lambda client: client.generations.stream(waiting.pk), afterwards=play_the_serving_worker)
    assert [each.state for each in seen] == ["queued", "running", "running", "succeeded"]


def test_the_images_of_a_batch_are_saved_as_they_come(hub: Hub, tmp_path: Path) -> None:
    make_request()
    buyer, order = make_buyer(), BatchOrder(defaults=BatchChoices(base_model="echo"), prompts=("a fox", "a hare"))
    batch = hub.do(buyer, lambda client: client.batches.create(order))
    for item in hub.every(buyer, lambda client: client.batches.results(batch.id), afterwards=play_the_serving_worker):
        saved = hub.do(buyer, lambda client: client.batches.save(item, tmp_path / f"{item.number}.png"))  # noqa: B023 - called at once
        assert saved.read_bytes() == hub.do(buyer, lambda client: client.batches.image(item))  # noqa: B023 - as above
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"0.png": b"a fox", "1.png": b"a hare"}


def test_an_image_that_the_store_lost_is_told(hub: Hub) -> None:
    buyer = make_buyer()
    waiting = order(buyer)
    made = hub.do(buyer, lambda client: client.generations.wait(waiting.pk), afterwards=play_the_serving_worker)
    waiting.refresh_from_db()
    object_store().delete(waiting.image_key)
    with pytest.raises(Exception, match="no longer stored"):
        hub.do(buyer, lambda client: client.generations.image(made))
