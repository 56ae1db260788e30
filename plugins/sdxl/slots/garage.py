"""Which adapters lie in slots: loads them from any thread, pins what runs read, and lets the longest unused go."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from ctypes import c_float
from dataclasses import dataclass, field
from threading import Condition, RLock

from torch import nn

from hub.plugin_api import EngineFullError, ModelLayout, Tally, Tier
from plugins.sdxl.slots.arena import Arena, Reading, rank_for
from plugins.sdxl.slots.bank import Bank
from plugins.sdxl.slots.layers import SlotLayers
from plugins.sdxl.slots.parts import Passenger, Seat, parts_of
from plugins.sdxl.slots.rows import BUCKETS, AdapterRow, RowLayout

Rows = Mapping[str, AdapterRow]
"""An adapter's rows by component."""
MOST_SLOTS = 256


@dataclass(eq=False)
class Parked:
    """An adapter in slots: one in each component that it changes. `pins` counts the runs that read it.

    Until it is `loaded` it stays; one that no run asked for yet has no pins then.
    """

    places: dict[str, tuple[Bank, int]] = field(default_factory=dict)
    pins: int = 0
    loaded: bool = False

    def seat(self, component: str, weight: float) -> Seat | None:
        """Its weight is rounded as a tensor's are, so that a run alone is scaled to the last bit as it is beside others."""
        place = self.places.get(component)
        return Seat(*place, c_float(weight).value) if place else None

    def lies_in(self, bank: Bank) -> bool:
        return any(own is bank for own, _ in self.places.values())


class Garage:
    """`slot_bytes` is what the slots of one rank of one component may fill. Safe to use from every thread.

    A slot is written by the thread that brings the adapter while others read other slots, so no running request waits.
    """

    def __init__(self, models: Mapping[str, nn.Module], layout: ModelLayout, slot_bytes: int) -> None:
        self._models, self._layout, self._slot_bytes = models, layout, slot_bytes
        self._banks: dict[tuple[str, int], Bank] = {}
        self._row_layouts: dict[tuple[str, int], RowLayout] = {}
        self._arenas: dict[tuple[str, int, int], Arena] = {}
        self._parked: OrderedDict[str, Parked] = OrderedDict()
        self._changed = Condition(RLock())
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
        """Made once, and never given back: graphs remember its address."""
        key = (component, runs, rank)
        if key not in self._arenas:
            own = next(self._models[component].parameters())
            self._arenas[key] = Arena(self.row_layout(component, rank), runs, own.dtype, own.device)
        return self._arenas[key]

    def tier(self) -> Tier:
        """A slot counts as filled once an adapter lies in it; the limit grows with each rank that is in use."""
        with self._changed:
            banks = list(self._banks.values())
            used = sum((bank.slots - len(bank.free)) * bank.slot_bytes for bank in banks)
            limit = sum(bank.slots * bank.slot_bytes for bank in banks)
        return self._reads.tier("slots", used_bytes=used, limit_bytes=limit)

    def pin(self, name: str, rows: Callable[[], Rows]) -> Parked:
        """The adapter in its slots, there to stay until `unpin`; `rows` is called if it must be loaded first.

        Raises EngineFullError when every slot it could take is pinned. A slot that is being filled by a hint becomes
        free as soon as that is done, so it is waited for, and no other hint begins meanwhile.
        """
        with self._changed:
            if parked := self._found(name):
                parked.pins += 1
                return parked
        return self._bring(name, rows(), pins=1)

    def unpin(self, adapters: Sequence[Parked]) -> None:
        with self._changed:
            for adapter in adapters:
                adapter.pins -= 1

    def bring_near(self, name: str, rows: Callable[[], Rows]) -> None:
        """Load it while others run, if there is room: a hint."""
        with self._changed:
            if name in self._parked:
                self._reads.find()
                self._parked.move_to_end(name)
                return
            if self._waiting:
                return
        with suppress(EngineFullError):
            self._bring(name, rows(), pins=0)

    def _found(self, name: str) -> Parked | None:
        self._changed.wait_for(lambda: name not in self._parked or self._parked[name].loaded)
        if name in self._parked:
            self._parked.move_to_end(name)
        return self._parked.get(name)

    def _bring(self, name: str, rows: Rows, *, pins: int) -> Parked:
        with self._changed:
            banks = {component: self._bank(component, row.rank) for component, row in rows.items()}
            while not (parked := self._found(name)) and not self._has_room(list(banks.values()), waits=pins > 0):
                pass  # It waited for one slot; whatever else may have changed since.
            if parked:  # Another thread was quicker.
                parked.pins += pins
                return parked
            places = {component: (bank, bank.free.pop()) for component, bank in banks.items()}
            parked = self._parked[name] = Parked(places, pins)
        self._load(name, parked, rows)
        return parked

    def _load(self, name: str, parked: Parked, rows: Rows) -> None:
        try:
            with self._reads.doing():
                for component, row in rows.items():
                    bank, slot = parked.places[component]
                    bank.load(slot, row)
        except BaseException:
            with self._changed:
                self._leave(name)
                self._changed.notify_all()
            raise
        with self._changed:
            parked.loaded = True
            self._changed.notify_all()

    def _has_room(self, banks: Sequence[Bank], *, waits: bool) -> bool:
        """A free slot in each bank, where the longest unused leaves for it. False after it waited for one."""
        for bank in banks:
            if not bank.free and not self._one_left(bank):
                if not (waits and self._being_filled(bank)):
                    raise EngineFullError
                self._waiting += 1
                self._changed.wait()
                self._waiting -= 1
                return False
        return True

    def _one_left(self, bank: Bank) -> bool:
        for name, parked in self._parked.items():
            if parked.loaded and not parked.pins and parked.lies_in(bank):
                self._leave(name)
                return True
        return False

    def _being_filled(self, bank: Bank) -> bool:
        """By a hint, so that the slot will be free once it is filled."""
        return any(not each.loaded and not each.pins and each.lies_in(bank) for each in self._parked.values())

    def _leave(self, name: str) -> None:
        for bank, slot in self._parked.pop(name).places.values():
            bank.free.append(slot)

    def _bank(self, component: str, rank: int) -> Bank:
        if (component, rank) not in self._banks:
            own = next(self._models[component].parameters())
            layout = self.row_layout(component, rank)
            slots = self._slot_bytes // (layout.width * own.element_size())
            self._banks[component, rank] = Bank(layout, max(1, min(slots, MOST_SLOTS)), own.dtype, own.device)
        return self._banks[component, rank]

    def _reading(self, component: str, passengers: Sequence[Passenger]) -> Reading | None:
        worn = [passenger.seats for passenger in passengers]
        rank = rank_for(worn)
        return self.arena(component, len(worn), rank).filled(worn) if rank else None

    def _indices(self, component: str) -> dict[str, int]:
        """Of each module in a row, which is the same for every rank."""
        return {path: place.index for path, place in self.row_layout(component, BUCKETS[0]).places.items()}
