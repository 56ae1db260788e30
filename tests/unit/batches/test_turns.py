"""Images of batches go to the workers in turn between buyers, and nobody waits behind a whole batch."""

from datetime import timedelta
from random import Random

import pytest
from celery import Celery
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from marketplace.batches.models import Batch
from marketplace.generation import dispatch
from marketplace.generation.models import Generation
from marketplace.generation.pacing import pace, shares
from marketplace.generation.reaper import reap
from marketplace.generation.selectors import place_in_queue
from tests.factories.batches import images_of, make_batch
from tests.factories.generation import order

counts = st.dictionaries(st.integers(1, 6), st.integers(1, 20), max_size=6)


@given(st.integers(0, 30), counts, counts, st.integers())
def test_places_go_to_who_has_fewest_and_none_is_left_empty(
    room: int, waiting: dict[int | None, int], busy: dict[int | None, int], seed: int
) -> None:
    given_ = shares(room, waiting, busy, Random(seed))
    assert sum(given_.values()) == min(room, sum(waiting.values()))
    assert all(count <= waiting[buyer] for buyer, count in given_.items())
    after = {buyer: busy.get(buyer, 0) + given_.get(buyer, 0) for buyer in waiting}
    unsatisfied = [after[buyer] for buyer in waiting if given_.get(buyer, 0) < waiting[buyer]]
    served = [after[buyer] for buyer in given_]
    assert not served or not unsatisfied or max(served) <= min(unsatisfied) + 1


def test_with_less_room_than_buyers_everyone_comes_in_turn() -> None:
    dice = Random(7)
    waiting: dict[int | None, int] = dict.fromkeys(range(20), 100)
    served = [buyer for _ in range(400) for buyer in shares(1, waiting, {}, dice)]
    assert set(served) == set(range(20))


@pytest.mark.stack
@pytest.mark.django_db(transaction=True)
def test_a_few_are_sent_and_each_that_ends_makes_room_for_the_next(broker: str) -> None:
    first, second = make_batch(size=20), make_batch(size=20)
    pace()
    assert (_sent(first), _sent(second)) == (4, 4)
    pace()
    assert (_sent(first), _sent(second)) == (4, 4)
    Generation.objects.filter(pk__in=[row.pk for row in images_of(first)[:3]]).update(state="failed")
    pace()
    assert (_sent(first), _sent(second)) == (7, 4)


@pytest.mark.django_db(transaction=True)
def test_where_the_broker_is_away_they_wait_on(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = make_batch(size=2)
    nowhere = Celery(broker="redis://127.0.0.1:1/0")
    nowhere.conf.broker_transport_options = {"max_retries": 0}
    monkeypatch.setattr(dispatch, "app", nowhere)
    pace()
    assert _sent(batch) == 0


@pytest.mark.django_db(transaction=True)
def test_the_reaper_does_not_take_who_waits_for_lost() -> None:
    batch = make_batch(size=2)
    reap(now=timezone.now() + timedelta(minutes=5))
    assert _sent(batch) == 0


@pytest.mark.django_db(transaction=True)
def test_one_image_alone_stands_before_the_rest_of_a_batch() -> None:
    batch = make_batch(size=5)
    Generation.objects.filter(pk=images_of(batch)[0].pk).update(sent_at=timezone.now())
    alone = order()
    assert place_in_queue(alone) == 2


def _sent(batch: Batch) -> int:
    return Generation.objects.filter(batch_item__batch=batch, sent_at__isnull=False).count()
