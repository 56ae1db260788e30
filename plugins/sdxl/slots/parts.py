"""From runs, each with its own adapters, to parts of the batch that one pair of multiplications serves."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plugins.sdxl.slots.bank import Bank, Scale
from plugins.sdxl.slots.stack import Stack


class Seat(NamedTuple):
    """An adapter where it lies for one component, with the weight that its buyer chose."""

    bank: Bank
    slot: int
    weight: float


class Passenger(NamedTuple):
    """A run's place in the batch: so many rows, the same adapters for each of them, in the job's order."""

    seats: tuple[Seat, ...]
    rows: int

    @property
    def order(self) -> tuple[object, ...]:
        """Sorted by this, runs that one multiplication can serve stand side by side."""
        return self.rows, *((-seat.bank.layout.rank, seat.slot) for seat in self.seats)


class Part(NamedTuple):
    """Rows of the batch and what is added to them: of the modules whose bit is set in `targets`, in so many runs.

    `scale` is weight x alpha / rank.
    """

    rows: slice
    runs: int
    targets: int
    stack: Stack
    scale: Scale


class _Span(NamedTuple):
    """Neighbours in one column: the same bank and number of rows, each with its own slot and weight."""

    bank: Bank
    rows: slice
    slots: tuple[int, ...]
    weights: tuple[float, ...]


def parts_of(passengers: Sequence[Passenger]) -> list[Part]:
    """The batch is the passengers' rows in this order. An adapter's place in its job is its column."""
    spans = list(_spans(passengers))
    parts: dict[int, list[Part]] = {}
    # Always in the same order, so that the widest find what they gathered, and its views, where the last batch left them.
    banks = sorted({id(span.bank): span.bank for span in spans}.values(), key=lambda bank: -bank.layout.rank)
    for bank in banks:
        bank.gathered.begin()
    for bank in banks:
        own = {index: [span] for index, span in enumerate(spans) if span.bank is bank}
        several = [slot for (span,) in own.values() if len(span.slots) > 1 for slot in span.slots]
        if several and not bank.gather(several):
            own = {index: list(_apart(span)) for index, (span,) in own.items()}
        made = _parts(bank, [span for each in own.values() for span in each])
        parts |= {index: [next(made) for _ in each] for index, each in own.items()}
    return [part for index in range(len(spans)) for part in parts[index]]


def _parts(bank: Bank, spans: Sequence[_Span]) -> Iterator[Part]:
    stacks = bank.stacks([span.slots for span in spans])
    scales = bank.scales([(span.slots, span.weights) for span in spans])
    for span, stack, own in zip(spans, stacks, scales, strict=True):
        yield Part(span.rows, len(span.slots), bank.union(span.slots), stack, own)


def _apart(span: _Span) -> Iterator[_Span]:
    """One multiplication for each slot instead of one for all: slower, but each is read where it lies."""
    rows = (span.rows.stop - span.rows.start) // len(span.slots)
    for index, (slot, weight) in enumerate(zip(span.slots, span.weights, strict=True)):
        start = span.rows.start + index * rows
        # One slot serves all rows of its span, however many these are.
        stop = span.rows.stop if len(span.slots) == 1 else start + rows
        yield _Span(span.bank, slice(start, stop), (slot,), (weight,))


def _spans(passengers: Sequence[Passenger]) -> Iterator[_Span]:
    for column in range(max((len(each.seats) for each in passengers), default=0)):
        start = 0
        places: list[tuple[Seat, int, int]] = []
        for seats, rows in passengers:
            seat = seats[column] if column < len(seats) else None
            if places and not (seat and (seat.bank, rows) == (places[-1][0].bank, places[-1][1])):
                yield _span(places)
                places = []
            if seat:
                places.append((seat, rows, start))
            start += rows
        if places:
            yield _span(places)


def _span(places: Sequence[tuple[Seat, int, int]]) -> _Span:
    seats = [seat for seat, _, _ in places]
    first, (_, rows, last) = places[0], places[-1]
    slots, weights = tuple(seat.slot for seat in seats), tuple(seat.weight for seat in seats)
    if all(seat == seats[0] for seat in seats):
        slots, weights = slots[:1], weights[:1]  # One multiplication for all their rows.
    return _Span(seats[0].bank, slice(first[2], last + rows), slots, weights)
