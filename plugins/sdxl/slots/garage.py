"""Which adapters lie in slots: loads them from any thread, pins what runs read, and lets the longest unused go."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from ctypes import c_float
from dataclasses import dataclass, field
from functools import partial
from threading import Condition

from torch import nn

from hub.plugin_api import EngineFullError, ModelLayout, Tally, Tier
from plugins.sdxl.slots.arena import Arena, Reading, bytes_of, rank_for
from plugins.sdxl.slots.bank import Bank
from plugins.sdxl.slots.budget import Budget
from plugins.sdxl.slots.gathered import Gathered
from plugins.sdxl.slots.layers import SlotLayers
from plugins.sdxl.slots.parts import Passenger, Seat, parts_of
from plugins.sdxl.slots.rows import BUCKETS, AdapterRow, RowLayout

Rows = Mapping[str, AdapterRow]
"""An adapter's rows by component."""


@dataclass(eq=False)
class Parked:
    """An adapter in slots: one in each component that it changes. `pins` counts the runs that read it.

    Until it is `loaded` it stays; one that no run asked for yet has no pins then. `left` is called when it has to go.
    """

    left: Callable[[], None]
    places: dict[str, tuple[Bank, int]] = field(default_factory=dict)
    pins: int = 0
    loaded: bool = False

    @property
    def nbytes(self) -> int:
        return sum(bank.slot_bytes for bank, _ in self.places.values())

    def seat(self, component: str, weight: float) -> Seat | None:
        """Its weight is rounded as a tensor's are, so that a run alone is scaled to the last bit as it is beside others."""
        place = self.places.get(component)
        return Seat(*place, c_float(weight).value) if place else None

    def leave(self) -> None:
        """Its slots rest from now on."""
        self.left()
        while self.places:
            _, (bank, number) = self.places.popitem()
            bank.put_back(number)


class Garage:
    """`limit_bytes` is what all its memory may be on the device. Safe to use from every thread.

    A slot is written by the thread that brings the adapter while others read other slots, so no running request waits.
    """

    def __init__(self, models: Mapping[str, nn.Module], layout: ModelLayout, limit_bytes: int) -> None:
        self._models, self._layout = models, layout
        self.budget = Budget(limit_bytes)
        self._banks: dict[tuple[str, int], Bank] = {}
        self._gathered: dict[str, Gathered] = {}
        self._row_layouts: dict[tuple[str, int], RowLayout] = {}
        self._arenas: dict[tuple[str, int, int], Arena] = {}
        self._parked: dict[str, Parked] = {}
        self._changed = Condition(self.budget.lock)
        self._waiting = 0
        self._reads = Tally()
        self.layers = {name: SlotLayers(model, self._indices(name)) for name, model in models.items()}

    def row_layout(self, component: str, rank: int) -> RowLayout:
        if (component, rank) not in self._row_layouts:
            self._row_layouts[component, rank] = RowLayout(self._layout.modules(component), rank)
        return self._row_layouts[component, rank]

    def worn(
        self, component: str, passengers: Sequence[Passenger], *, fixed: bool = False, own: bool = True
    ) -> AbstractContextManager[Reading | None]:
        """Inside the block the component's batch is these passengers. Only for the thread that steps.

        `fixed` has the layers read memory that never moves: for passengers that all have as many rows and wear no more
        than one arena holds. `own`: on the base's weights, not on another model's.
        """
        layers = self.layers[component]
        if fixed:
            return layers.reading(self._reading(component, passengers), own=own)
        return layers.using(parts_of(passengers))

    def arena(self, component: str, runs: int, rank: int) -> Arena:
        """There until the forward at hand is over at least. Raises EngineFullError."""
        key, layout = (component, runs, rank), self.row_layout(component, rank)
        own = next(self._models[component].parameters())
        with self.budget.lock:
            if key not in self._arenas:
                with self.budget.taking(bytes_of(layout, runs, own.dtype)):
                    self._arenas[key] = Arena(layout, runs, own.dtype, own.device, partial(self._close, key))
            self.budget.use(self._arenas[key])
            return self._arenas[key]

    def wait_for_room(self, nbytes: int) -> None:
        """What hints are bringing may leave once it is there. Raises EngineFullError, as `pin`."""
        with self._changed:
            while not self._has_room(nbytes, waits=True):
                pass

    def tier(self) -> Tier:
        """All that was taken from the budget, for slots and beside them."""
        used, limit = self.budget.used_bytes, self.budget.limit_bytes
        return self._reads.tier("slots", used_bytes=used, limit_bytes=limit)

    def pin(self, name: str, rows: Callable[[], Rows]) -> Parked:
        """The adapter in its slots, there to stay until `unpin`; `rows` is called if it must be loaded first.

        Raises EngineFullError where what is in use leaves no room. What a hint is bringing may leave as soon as that is
        done, so it is waited for, and no other hint begins meanwhile.
        """
        with self._changed:
            if parked := self._found(name):
                return self._pinned(parked)
        return self._bring(name, rows(), pins=1)

    def unpin(self, adapters: Sequence[Parked]) -> None:
        with self._changed:
            for adapter in adapters:
                adapter.pins -= 1
                if not adapter.pins:
                    self.budget.rest(adapter)

    def bring_near(self, name: str, rows: Callable[[], Rows]) -> None:
        """Load it while others run, if there is room: a hint."""
        with self._changed:
            if parked := self._parked.get(name):
                self._reads.find()
                if self.budget.wake(parked):
                    self.budget.rest(parked)
                return
            if self._waiting:
                return
        with suppress(EngineFullError):
            self._bring(name, rows(), pins=0)

    def _found(self, name: str) -> Parked | None:
        self._changed.wait_for(lambda: name not in self._parked or self._parked[name].loaded)
        return self._parked.get(name)

    def _pinned(self, parked: Parked) -> Parked:
        self.budget.wake(parked)
        parked.pins += 1
        return parked

    def _bring(self, name: str, rows: Rows, *, pins: int) -> Parked:
        with self._changed:
            banks = {component: self._bank(component, row.rank) for component, row in rows.items()}
            nbytes = sum(bank.slot_bytes for bank in banks.values())
            while not (parked := self._found(name)) and not self._has_room(nbytes, waits=pins > 0):
                pass  # It waited for one adapter; whatever else may have changed since.
            if parked:  # Another thread was quicker.
                return self._pinned(parked) if pins else parked
            parked = self._parked[name] = Parked(partial(self._forget, name), pins=pins)
            try:
                for component, bank in banks.items():
                    parked.places[component] = (bank, bank.take())
            except BaseException:  # The device has less room than the budget says.
                parked.leave()
                raise
        self._load(parked, rows)
        return parked

    def _load(self, parked: Parked, rows: Rows) -> None:
        try:
            with self._reads.doing():
                for component, row in rows.items():
                    bank, number = parked.places[component]
                    bank.load(number, row)
        except BaseException:
            with self._changed:
                parked.leave()
            raise
        with self._changed:
            parked.loaded = True
            if not parked.pins:
                self.budget.rest(parked)
            self._changed.notify_all()

    def _has_room(self, nbytes: int, *, waits: bool) -> bool:
        """For so much more, where the longest unused leave for it. False after it waited for a hint."""
        try:
            self.budget.check(nbytes)
        except EngineFullError:
            if not (waits and self._is_any_coming()):
                raise
            self._waiting += 1
            self._changed.wait()
            self._waiting -= 1
            return False
        return True

    def _is_any_coming(self) -> bool:
        """By a hint, so that it may leave once it is there."""
        return any(not each.loaded and not each.pins for each in self._parked.values())

    def _forget(self, name: str) -> None:
        del self._parked[name]
        self._changed.notify_all()

    def _close(self, key: tuple[str, int, int], arena: Arena) -> None:
        del self._arenas[key]
        self.budget.give_back(arena.nbytes)

    def _bank(self, component: str, rank: int) -> Bank:
        if (component, rank) not in self._banks:
            own = next(self._models[component].parameters())
            layout, gathered = self.row_layout(component, rank), self._gathered_of(component)
            self._banks[component, rank] = Bank(layout, own.dtype, own.device, self.budget, gathered)
        return self._banks[component, rank]

    def _gathered_of(self, component: str) -> Gathered:
        if component not in self._gathered:
            own = next(self._models[component].parameters())
            self._gathered[component] = Gathered(own.dtype, own.device, self.budget)
        return self._gathered[component]

    def _reading(self, component: str, passengers: Sequence[Passenger]) -> Reading | None:
        worn = [passenger.seats for passenger in passengers]
        rank = rank_for(worn)
        return self.arena(component, len(worn), rank).filled(worn) if rank else None

    def _indices(self, component: str) -> dict[str, int]:
        """Of each module in a row, which is the same for every rank."""
        return {path: place.index for path, place in self.row_layout(component, BUCKETS[0]).places.items()}
