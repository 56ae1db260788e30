import time

import pytest

from hub.jobs import GenerationHeartbeat, Message
from serving import reporting
from serving.reporting import Heartbeat
from tests.serving_jobs import job


def steps_of(messages: list[Message]) -> list[int]:
    return [message.step for message in messages if isinstance(message, GenerationHeartbeat)]


def test_progress_is_sent_at_most_twice_a_second_and_none_after_the_end() -> None:
    sent: list[Message] = []
    request = job(steps=100)
    with Heartbeat(request, "worker", sent.append) as heartbeat:
        for step in range(1, 61):
            heartbeat.on_step(step)
            time.sleep(0.02)
    count = len(sent)
    assert count == 2
    assert steps_of(sent) == sorted(steps_of(sent))
    assert sent[0].model_dump(exclude={"step"}) == {
        "version": 1,
        "id": request.id,
        "attempt": 1,
        "worker": "worker",
        "steps": 100,
    }
    time.sleep(0.6)
    assert len(sent) == count


def test_a_job_without_progress_still_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "PROGRESS_SECONDS", 0.02)
    monkeypatch.setattr(reporting, "BEAT_SECONDS", 0.1)
    sent: list[Message] = []
    with Heartbeat(job(), "worker", sent.append):
        time.sleep(0.35)
    assert steps_of(sent)[:2] == [0, 0]
    assert len(sent) <= 3
