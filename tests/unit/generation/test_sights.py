"""What changes are called, whatever was missed between two looks."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from marketplace.generation.sights import Sight, events, is_later, position_in

ID = UUID(int=1)
STEPS = 4
WAITING = Sight(ID, "queued", 1, 0, STEPS, place_in_queue=2, eta_seconds=8.0)
DRAWING = Sight(ID, "running", 1, 3, STEPS, eta_seconds=0.5)
DONE = Sight(ID, "succeeded", 1, STEPS, STEPS, image_sha256="ab")


def told(before: Sight | None, now: Sight) -> list[tuple[str, str]]:
    return [(event.name, event.id) for event in events(before, now)]


def test_the_first_sight_says_how_it_is() -> None:
    assert told(None, WAITING) == [("queued", "1.0.0")]
    assert told(None, DRAWING) == [("started", "1.1.0"), ("progress", "1.1.3")]
    assert told(None, DONE) == [("succeeded", "1.2.4")]


def test_a_change_is_told_with_what_was_missed() -> None:
    assert told(WAITING, replace(WAITING, place_in_queue=1)) == [("queued", "1.0.0")]
    assert told(WAITING, replace(DRAWING, step=0)) == [("started", "1.1.0")]
    assert told(WAITING, DRAWING) == [("started", "1.1.0"), ("progress", "1.1.3")]
    assert told(replace(DRAWING, step=2), DRAWING) == [("progress", "1.1.3")]
    assert told(DRAWING, DONE) == [("succeeded", "1.2.4")]
    assert told(DRAWING, replace(WAITING, attempt=2)) == [("queued", "2.0.0")]
    assert told(DRAWING, replace(DRAWING, attempt=2, step=0)) == [("started", "2.1.0")]
    assert told(DRAWING, DRAWING) == []


def test_a_preview_is_sent_once_and_has_no_id() -> None:
    seen = replace(DRAWING, preview=b"one")
    assert [event.data for event in events(DRAWING, seen)] == [{"id": str(ID), "step": 3, "jpeg_base64": "b25l"}]
    assert told(DRAWING, seen) == [("preview", "")]
    assert told(seen, seen) == []
    assert told(seen, replace(seen, preview=b"two")) == [("preview", "")]


def test_each_event_says_what_a_program_needs() -> None:
    failed = replace(DRAWING, state="failed", failure_code="deadline", failure_message="Too slow.")
    assert [next(events(None, sight)).data for sight in (WAITING, DONE, failed)] == [
        {
            "id": str(ID),
            "state": "queued",
            "attempt": 1,
            "step": 0,
            "steps": 4,
            "eta_seconds": 8.0,
            "place_in_queue": 2,
        },
        {"id": str(ID), "state": "succeeded", "attempt": 1, "image_sha256": "ab"},
        {
            "id": str(ID),
            "state": "failed",
            "attempt": 1,
            "failure": {"code": "deadline", "message": "Too slow."},
        },
    ]


moments = st.builds(
    lambda attempt, state, step: Sight(ID, state, attempt, 0 if state == "queued" else step, STEPS),
    st.integers(1, 3),
    st.sampled_from(["queued", "running", "succeeded", "failed", "cancelled"]),
    st.integers(0, STEPS),
)


@given(st.lists(moments, min_size=1, max_size=8), st.data())
def test_whoever_comes_back_is_told_what_it_has_not_seen_and_nothing_twice(
    looks: list[Sight], data: st.DataObject
) -> None:
    life = sorted(looks, key=lambda sight: sight.position)
    ids = [event.id for before, now in zip([None, *life], life, strict=False) for event in events(before, now)]
    assert ids == sorted(set(ids), key=lambda each: position_in(each) or ())
    last = position_in(data.draw(st.sampled_from(ids)))
    again = [event.id for event in events(None, life[-1]) if is_later(position_in(event.id), last)]
    assert all((position_in(each) or ()) > (last or ()) for each in again)
    assert again[-1:] == ([ids[-1]] if (position_in(ids[-1]) or ()) > (last or ()) else [])


def test_an_id_that_is_none_of_ours_is_as_if_there_were_none() -> None:
    assert [position_in(text) for text in ("", "x", "1.1", "1.1.1.1", "１.1.1", "-1.0.0")] == [None] * 6
