"""The adapters of runs: LoRAs in slots, whole models and what slots can't express by exchanging pointers for a block.

Neither writes to the base's own weights, so they are the same bytes before, between and after all runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import torch

from hub.plugin_api import JobRefusedError, LocalPack, ModelLayout
from plugins.sdxl.opened import HostTier, Models, Opened, Weights, merged
from plugins.sdxl.slots.garage import Garage, Parked, Rows
from plugins.sdxl.slots.parts import Passenger, Seat, parts_of
from plugins.sdxl.slots.rows import bucket_of, row_of
from serving.adapters.api import AdapterPack, open_pack


@dataclass(frozen=True)
class Worn:
    """One adapter of a run."""

    name: str
    parked: Parked
    weight: float


@dataclass(frozen=True)
class Outfit:
    """All adapters of a run, in the job's order. `weights` replace the base's; `model` names them, and is "" for none."""

    worn: tuple[Worn, ...] = ()
    model: str = ""
    weights: Weights = field(default_factory=dict)

    def seats(self, component: str) -> tuple[Seat, ...]:
        seats = (each.parked.seat(component, each.weight) for each in self.worn)
        return tuple(seat for seat in seats if seat)

    def key(self, components: Sequence[str]) -> tuple[object, ...]:
        """Equal keys: these components compute the same."""
        worn = [(each.name, each.weight) for each in self.worn if each.parked.places.keys() & set(components)]
        return (self.model if self.weights.keys() & set(components) else "", *worn)


class Wardrobe:
    """Brings packs from disk to host memory to slots. `prepare` may be called from any thread."""

    def __init__(self, models: Models, layout: ModelLayout, *, slot_bytes: int, host_bytes: int) -> None:
        self._models, self._layout = models, layout
        self._host = HostTier(host_bytes)
        self._garage = Garage(models, layout, slot_bytes)

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        """Raises JobRefusedError for a pack that was made for another base."""
        for local in packs:
            opened = self._opened(local)
            if opened.rows:
                self._garage.bring_near(local.use.pack_sha256, lambda opened=opened: opened.rows)  # type: ignore[misc] # the default binds this turn's value

    def dress(self, packs: Sequence[LocalPack]) -> Outfit:
        """Pin what a run wears until `undress`. Raises JobRefusedError, EngineFullError."""
        model, weights = self._replaced(packs)
        worn: list[Worn] = []
        try:
            for local in packs:
                if rows := self._opened(local).rows:
                    parked = self._garage.pin(local.use.pack_sha256, lambda rows=rows: rows)  # type: ignore[misc] # as above
                    worn.append(Worn(local.use.pack_sha256, parked, local.use.weight))
        except BaseException:
            self._garage.unpin([each.parked for each in worn])
            raise
        return Outfit(tuple(worn), model, weights)

    def undress(self, outfit: Outfit) -> None:
        self._garage.unpin([each.parked for each in outfit.worn])

    @contextmanager
    def worn(self, components: Sequence[str], runs: Sequence[tuple[Outfit, int]]) -> Iterator[None]:
        """Inside the block these components compute a batch of runs, each with its outfit and number of rows.

        All must have the same `model`.
        """
        with ExitStack() as undo:
            for component in components:
                passengers = [Passenger(outfit.seats(component), rows) for outfit, rows in runs]
                undo.enter_context(self._garage.layers[component].using(parts_of(passengers)))
            undo.enter_context(exchanged(runs[0][0].weights, self._models))
            yield

    def _opened(self, local: LocalPack) -> Opened:
        return self._host.get(local.use.pack_sha256, partial(self._open, local.path))

    def _open(self, path: Path) -> Opened:
        pack = open_pack(path)
        if pack.layout_digest != self._layout.digest():
            raise JobRefusedError("wrong_base", "This style was made for another base. Choose the base it names.")
        weights = {name: self._moved(name, own) for name, own in pack.weights.items()}
        return Opened(self._rows(pack), weights, pack.deltas)

    def _replaced(self, packs: Sequence[LocalPack]) -> tuple[str, Weights]:
        """The parameters that this run has instead of the base's own, and a name for exactly these."""
        opened = [(self._opened(local), local.use) for local in packs]
        model = [(each, use) for each, use in opened if each.weights or each.deltas]
        name = " ".join(f"{use.pack_sha256}@{use.weight!r}" for _, use in model)
        weights = next((each.weights for each, _ in model if each.weights), {})
        changes = [(delta, use.weight) for each, use in model for delta in each.deltas]
        if not changes:
            return name, weights
        return name, self._host.get(name, lambda: Opened({}, merged(weights, changes, self._models))).weights

    def _rows(self, pack: AdapterPack) -> Rows:
        rows = {}
        for component, found in groupby(sorted(pack.low_rank, key=lambda part: part.component), lambda p: p.component):
            parts = list(found)
            layout = self._garage.row_layout(component, bucket_of(max(part.rank for part in parts)))
            rows[component] = row_of(parts, layout, next(self._models[component].parameters()).dtype)
        return rows

    def _moved(self, component: str, tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """As the base computes: where they match already, the mapped file is used without a copy."""
        own = next(self._models[component].parameters())
        return {name: tensor.to(own.device, own.dtype) for name, tensor in tensors.items()}


@contextmanager
def exchanged(weights: Weights, models: Models) -> Iterator[None]:
    """Inside the block the models have these parameters; afterwards their own again, whatever happened."""
    with ExitStack() as undo:
        for component, tensors in weights.items():
            for name, tensor in tensors.items():
                parameter = models[component].get_parameter(name)
                undo.callback(setattr, parameter, "data", parameter.data)
                parameter.data = tensor
        yield
