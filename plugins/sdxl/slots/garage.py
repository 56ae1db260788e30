"""Which adapters lie in slots: loads them from any thread, pins what runs read, and lets the longest unused go."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, RLock

from torch import nn

from hub.plugin_api import EngineFullError, ModelLayout
from plugins.sdxl.slots.bank import Bank
from plugins.sdxl.slots.layers import SlotLayers
from plugins.sdxl.slots.parts import Seat
from plugins.sdxl.slots.rows import BUCKETS, AdapterRow, RowLayout

Rows = Mapping[str, AdapterRow]
"""An adapter's rows by component."""
MOST_SLOTS = 256


@dataclass(eq=False)
class Parked:
    """An adapter in slots: one in each component that it changes. `pins` counts the runs that read it."""

    places: dict[str, tuple[Bank, int]] = field(default_factory=dict)
    pins: int = 0
    loaded: bool = False

    def seat(self, component: str, weight: float) -> Seat | None:
        place = self.places.get(component)
        return Seat(*place, weight) if place else None


class Garage:
    """`slot_bytes` is what the slots of one rank of one component may fill. Safe to use from every thread.

    A slot is written by the thread that brings the adapter while others read other slots, so no running request waits.
    """

    def __init__(self, models: Mapping[str, nn.Module], layout: ModelLayout, slot_bytes: int) -> None:
        self._models, self._layout, self._slot_bytes = models, layout, slot_bytes
        self._banks: dict[tuple[str, int], Bank] = {}
        self._row_layouts: dict[tuple[str, int], RowLayout] = {}
        self._parked: OrderedDict[str, Parked] = OrderedDict()
        self._changed = Condition(RLock())
        self.layers = {name: SlotLayers(model, self._indices(name)) for name, model in models.items()}

    def row_layout(self, component: str, rank: int) -> RowLayout:
        if (component, rank) not in self._row_layouts:
            self._row_layouts[component, rank] = RowLayout(self._layout.modules(component), rank)
        return self._row_layouts[component, rank]

    def pin(self, name: str, rows: Callable[[], Rows]) -> Parked:
        """The adapter in its slots, there to stay until `unpin`; `rows` is called if it must be loaded first.

        Raises EngineFullError when every slot it could take is pinned.
        """
        with self._changed:
            self._changed.wait_for(lambda: name not in self._parked or self._parked[name].loaded)
            if name in self._parked:
                self._parked.move_to_end(name)
                self._parked[name].pins += 1
                return self._parked[name]
        return self._bring(name, rows())

    def unpin(self, adapters: Sequence[Parked]) -> None:
        with self._changed:
            for adapter in adapters:
                adapter.pins -= 1

    def bring_near(self, name: str, rows: Callable[[], Rows]) -> None:
        """Load it while others run, if there is room: a hint."""
        with suppress(EngineFullError):
            self.unpin([self.pin(name, rows)])

    def _bring(self, name: str, rows: Rows) -> Parked:
        with self._changed:
            if name in self._parked:  # Another thread was quicker.
                return self.pin(name, lambda: rows)
            parked = self._parked[name] = self._reserved(rows)
        try:
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
        return parked

    def _reserved(self, rows: Rows) -> Parked:
        banks = {component: self._bank(component, row.rank) for component, row in rows.items()}
        for bank in banks.values():
            self._make_room(bank)
        return Parked({component: (bank, bank.free.pop()) for component, bank in banks.items()}, pins=1)

    def _make_room(self, bank: Bank) -> None:
        if bank.free:
            return
        for name, parked in self._parked.items():
            if not parked.pins and any(own is bank for own, _ in parked.places.values()):
                self._leave(name)
                return
        raise EngineFullError

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

    def _indices(self, component: str) -> dict[str, int]:
        """Of each module in a row, which is the same for every rank."""
        return {path: place.index for path, place in self.row_layout(component, BUCKETS[0]).places.items()}
