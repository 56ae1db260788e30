from uuid import UUID

import pytest

from hub.jobs import GenerationFailed
from serving.in_hand import REMEMBERED, AlreadyTakenError, JobsInHand
from tests.serving_jobs import job

JOB = job()
FAILED = GenerationFailed(id=JOB.id, attempt=1, worker="w", code="x", message="y", retryable=False)


def taken_again(jobs: JobsInHand) -> object:
    with pytest.raises(AlreadyTakenError) as taken:
        jobs.take(JOB)
    return taken.value.result


def test_an_attempt_is_taken_once_and_its_result_kept() -> None:
    jobs = JobsInHand()
    jobs.take(JOB)
    assert taken_again(jobs) is None
    jobs.end(JOB, FAILED)
    assert taken_again(jobs) == FAILED


def test_another_attempt_is_another_job() -> None:
    jobs = JobsInHand()
    first, second = jobs.take(JOB), jobs.take(JOB.model_copy(update={"attempt": 2}))
    assert jobs.cancel(JOB.id, 2) == 1
    assert (first.is_set(), second.is_set()) == (False, True)


def test_cancel_without_an_attempt_stops_all_and_an_unknown_job_none() -> None:
    jobs = JobsInHand()
    stop = jobs.take(JOB)
    assert (jobs.cancel(UUID(int=0)), jobs.cancel(JOB.id)) == (0, 1)
    assert stop.is_set()


def test_only_the_latest_results_are_remembered() -> None:
    jobs = JobsInHand()
    jobs.take(JOB)
    jobs.end(JOB, FAILED)
    for _ in range(REMEMBERED):
        other = job()
        jobs.take(other)
        jobs.end(other, None)
    jobs.take(JOB)
