import base64
import io
import random
import time

import pytest
from celery import Celery
from PIL import Image

from hub.config import plugin_registry
from hub.jobs import MAX_PREVIEW, GenerationHeartbeat, Message
from hub.plugin_api import Component, Plugin, Preview
from serving import reporting
from serving.config import ServingConfig
from serving.previews import encoded
from serving.reporting import Heartbeat
from serving.worker import ServingWorker
from tests.serving_jobs import job

RED = Preview(4, 2, b"\xff\x00\x00" * 8)


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_a_preview_becomes_a_jpeg_of_the_same_colours() -> None:
    image = decoded(encoded(RED))
    red, green, blue = image.convert("RGB").resize((1, 1)).tobytes()
    assert (image.format, image.size, red > 250, green < 5, blue < 5) == ("JPEG", (4, 2), True, True, True)


def test_a_large_one_is_made_small_and_even_noise_fits_the_message() -> None:
    noise = Preview(512, 256, random.Random(7).randbytes(512 * 256 * 3))
    smaller = Preview(128, 128, random.Random(7).randbytes(128 * 128 * 3))
    assert decoded(encoded(noise)).size == (128, 64)
    assert len(encoded(smaller)) < MAX_PREVIEW


def test_a_preview_is_wanted_each_so_many_steps_once_the_last_was_sent() -> None:
    heartbeat = Heartbeat(job(), "worker", lambda _: None, preview_every=3)
    wanted = []
    for step in (1, 2, 3, 4, 6, 7):
        heartbeat.on_step(step)
        wanted.append(heartbeat.wants_preview(step))
        if wanted[-1]:
            heartbeat.on_preview(RED)
        if step == 6:
            assert heartbeat._message(step).preview
    # The one of step 3 still waits at 6, so the next comes when it is gone.
    assert wanted == [False, False, True, False, False, True]


def test_without_the_setting_none_is_wanted() -> None:
    assert not any(Heartbeat(job(), "worker", lambda _: None).wants_preview(step) for step in range(9))


def test_a_preview_goes_once_and_a_heartbeat_without_one_says_nothing_of_it() -> None:
    heartbeat = Heartbeat(job(), "worker", lambda _: None, preview_every=1)
    heartbeat.on_preview(RED)
    first, second = (heartbeat._message(1).model_dump(mode="json") for _ in range(2))
    assert (decoded(str(first["preview"])).size, "preview" in second) == ((4, 2), False)


def test_an_engines_broken_preview_does_not_end_the_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "PROGRESS_SECONDS", 0.01)
    sent: list[Message] = []
    with Heartbeat(job(), "worker", sent.append, preview_every=1) as heartbeat:
        for step in (1, 2):
            heartbeat.on_step(step)
            heartbeat.on_preview(Preview(9, 9, b"short"))
            deadline = time.monotonic() + 5
            while len(sent) < step and time.monotonic() < deadline:
                time.sleep(0.005)
    beats = [message for message in sent if isinstance(message, GenerationHeartbeat)]
    assert [(beat.step, beat.preview) for beat in beats] == [(1, ""), (2, "")]


@pytest.mark.parametrize("point", ["output_check", "provenance"])
def test_a_worker_makes_none_where_pictures_must_pass_something_first(
    monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def every() -> int:
        return ServingWorker(
            Celery(), ServingConfig(preview_every_steps=3), "generate@here", []
        ).generator.preview_every

    assert every() == 3
    gate = Plugin(name="gate", summary="", components=[Component(point, "gate", "nowhere:Gate")])
    monkeypatch.setitem(plugin_registry().plugins, "gate", gate)
    assert every() == 0
