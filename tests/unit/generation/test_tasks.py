from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from hub import jobs
from marketplace.catalogue.services import set_base_examples
from marketplace.generation import services, tasks
from marketplace.generation.models import Generation
from marketplace.generation.selectors import examples_never_asked_for, examples_not_drawn
from marketplace.rights.models import OptOutName
from tests.factories.catalogue import echo_base
from tests.factories.generation import echo_version, failed, handed_back, heartbeat, order, started

pytestmark = pytest.mark.django_db


def test_each_report_reaches_its_row() -> None:
    generation = order()
    for task, message in (
        (tasks.started, started(generation)),
        (tasks.heartbeat, heartbeat(generation, 1)),
        (tasks.handed_back, handed_back(generation)),
        (tasks.heartbeat, heartbeat(generation, 2)),
        (tasks.failed, failed(generation, retryable=False)),
    ):
        task(message.model_dump(mode="json"))
    generation.refresh_from_db()
    assert (generation.state, generation.step, generation.failure_code) == ("failed", 2, "engine_crashed")


REPORTS = (tasks.started, tasks.heartbeat, tasks.succeeded, tasks.failed, tasks.handed_back)


@pytest.mark.parametrize("task", REPORTS, ids=lambda t: t.name)
@pytest.mark.parametrize("payload", [{}, {"version": 2}, {"id": "junk"}], ids=str)
def test_a_message_that_cannot_be_read_is_dropped(task: object, payload: dict[str, object]) -> None:
    generation = order()
    task(payload)  # type: ignore[operator]  # Celery's tasks are called like the functions they wrap
    generation.refresh_from_db()
    assert generation.state == "queued"


def test_the_tasks_are_called_what_the_workers_call_them() -> None:
    assert [task.name for task in REPORTS] == [
        jobs.GENERATION_STARTED_TASK,
        jobs.GENERATION_HEARTBEAT_TASK,
        jobs.GENERATION_SUCCEEDED_TASK,
        jobs.GENERATION_FAILED_TASK,
        jobs.GENERATION_HANDED_BACK_TASK,
    ]


def asked_for() -> list[tuple[str, str]]:
    return list(Generation.objects.order_by("created_at").values_list("purpose", "prompt"))


def test_a_version_gets_its_cover_and_its_examples_once() -> None:
    version = echo_version(prompts=("a harbour", "a fox"))
    tasks.request_examples(version.pk)
    tasks.request_examples(version.pk)
    assert asked_for() == [("sample", "a harbour"), ("sample", "a fox")]


def test_what_was_lost_before_it_was_asked_for_is_asked_for_later() -> None:
    version, published = echo_version(prompts=("a harbour", "a fox")), timezone.now()
    set_base_examples(base=echo_base(), prompts=["an owl"])
    first, second = version.examples.all()
    services.request_example(example=first)
    ages = [timedelta(seconds=30), timedelta(minutes=2), timedelta(hours=2)]
    missing = [[example.prompt for example in examples_never_asked_for(published + age)] for age in ages]
    assert missing == [[], ["an owl", "a fox"], []]
    assert set(examples_not_drawn(version.pk)) == {first, second}


def test_an_example_whose_prompt_is_refused_is_not_made_and_stops_no_other() -> None:
    OptOutName.objects.create(name="Mara Quill", folded="mara quill")
    tasks.request_examples(echo_version(prompts=("a boat by Mara Quill", "a boat")).pk)
    assert asked_for() == [("sample", "a boat")]


def test_nothing_is_drawn_for_what_is_no_longer_on_offer() -> None:
    echo_version(state="withdrawn")
    set_base_examples(base=echo_base(slug="off", enabled=False), prompts=["a boat"])
    call_command("draw_examples")
    assert asked_for() == []


def test_the_command_asks_at_once_for_all_that_is_missing_also_after_a_failure() -> None:
    set_base_examples(base=echo_base(), prompts=["a boat"])
    echo_version(prompts=("a harbour",))
    call_command("draw_examples")
    lost = Generation.objects.get(prompt="a boat")
    tasks.failed(failed(lost, retryable=False).model_dump(mode="json"))
    call_command("draw_examples")
    call_command("draw_examples")
    assert sorted(prompt for _, prompt in asked_for()) == ["a boat", "a boat", "a harbour"]
