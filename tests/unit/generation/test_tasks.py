from datetime import timedelta

import pytest
from django.utils import timezone

from hub import jobs
from marketplace.generation import tasks
from marketplace.generation.models import Generation
from marketplace.generation.selectors import versions_without_sample
from marketplace.rights.models import OptOutName
from tests.factories.generation import echo_version, failed, heartbeat, order, started

pytestmark = pytest.mark.django_db


def test_each_report_reaches_its_row() -> None:
    generation = order()
    for task, message in (
        (tasks.started, started(generation)),
        (tasks.heartbeat, heartbeat(generation, 2)),
        (tasks.failed, failed(generation, retryable=False)),
    ):
        task(message.model_dump(mode="json"))
    generation.refresh_from_db()
    assert (generation.state, generation.step, generation.failure_code) == ("failed", 2, "engine_crashed")


@pytest.mark.parametrize("task", [tasks.started, tasks.heartbeat, tasks.succeeded, tasks.failed], ids=lambda t: t.name)
@pytest.mark.parametrize("payload", [{}, {"version": 2}, {"id": "junk"}], ids=str)
def test_a_message_that_cannot_be_read_is_dropped(task: object, payload: dict[str, object]) -> None:
    generation = order()
    task(payload)  # type: ignore[operator]  # Celery's tasks are called like the functions they wrap
    generation.refresh_from_db()
    assert generation.state == "queued"


def test_the_tasks_are_called_what_the_workers_call_them() -> None:
    assert [task.name for task in (tasks.started, tasks.heartbeat, tasks.succeeded, tasks.failed)] == [
        jobs.GENERATION_STARTED_TASK,
        jobs.GENERATION_HEARTBEAT_TASK,
        jobs.GENERATION_SUCCEEDED_TASK,
        jobs.GENERATION_FAILED_TASK,
    ]


def test_a_version_gets_its_sample() -> None:
    version = echo_version()
    tasks.request_sample(version.pk)
    assert Generation.objects.get().purpose == "sample"


def test_a_version_whose_request_for_a_sample_was_lost_gets_it_later() -> None:
    version, published = echo_version(), timezone.now()
    ages = [timedelta(seconds=30), timedelta(minutes=2), timedelta(hours=2)]
    assert [versions_without_sample(published + age) for age in ages] == [[], [version.pk], []]
    tasks.request_sample(version.pk)
    assert versions_without_sample(published + timedelta(minutes=2)) == []


def test_a_sample_whose_prompt_is_refused_is_not_made() -> None:
    OptOutName.objects.create(name="Mara Quill", folded="mara quill")
    tasks.request_sample(echo_version(sample_prompt="a boat by Mara Quill").pk)
    assert Generation.objects.count() == 0
