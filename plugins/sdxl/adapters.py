"""The adapters of runs: LoRAs in slots, whole models and what slots can't express by exchanging pointers for a block.

Neither writes to the base's own weights, so they are the same bytes before, between and after all runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from typing import NamedTuple

import torch

from hub.plugin_api import JobRefusedError, LocalPack, ModelLayout, Tally, Tier
from plugins.sdxl.lent import Lender
from plugins.sdxl.merged import Buffers, Merger
from plugins.sdxl.opened import HostTier, Models, Opened, Weights, merged
from plugins.sdxl.slots.arena import Reading
from plugins.sdxl.slots.garage import Garage, Parked, Rows
from plugins.sdxl.slots.lean import LeanLayers
from plugins.sdxl.slots.parts import Passenger, Seat
from plugins.sdxl.slots.rows import BUCKETS, AdapterRow, HostRow, bucket_of, row_of
from plugins.sdxl.strides import hosted_as
from plugins.sdxl.words import Word, words_of
from serving.adapters.api import AdapterPack, MappedPack, open_pack


@dataclass(frozen=True)
class Worn:
    """One adapter of a run."""

    name: str
    parked: Parked
    weight: float


@dataclass(frozen=True)
class Outfit:
    """All adapters of a run, in the job's order. `weights` replace the base's; `model` names them, and is "" for none.

    `held` are their names in host memory as far as they are read there, `steps` the job's, `words` those of its prompts that the
    adapters give a meaning.
    """

    worn: tuple[Worn, ...] = ()
    model: str = ""
    weights: Weights = field(default_factory=dict)
    steps: int = field(default=0, kw_only=True)
    held: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()

    def seats(self, component: str) -> tuple[Seat, ...]:
        return self._seats.get(component, ())

    @cached_property
    def _seats(self) -> dict[str, tuple[Seat, ...]]:
        """By component, for as long as the run keeps its slots."""
        seats: dict[str, tuple[Seat, ...]] = {}
        for each in self.worn:
            for component in each.parked.places:
                if seat := each.parked.seat(component, each.weight):
                    seats[component] = (*seats.get(component, ()), seat)
        return seats

    def key(self, components: Sequence[str]) -> tuple[object, ...]:
        """Equal keys: these components compute the same."""
        worn = [(each.name, each.weight) for each in self.worn if each.parked.places.keys() & set(components)]
        words = [(word.pack, word.text) for word in self.words if word.vectors.keys() & set(components)]
        return (self.model if self.weights.keys() & set(components) else "", *worn, *words)

    def vectors(self, component: str) -> dict[str, torch.Tensor]:
        """Word -> [vectors, width], what this text encoder reads for it."""
        return {word.text: word.vectors[component] for word in self.words if component in word.vectors}


class Wearing(NamedTuple):
    """What a batch computes with: fixed memory or None, a whole model or "", and the parameters that merged ones replace.

    The latter lie in `buffers`.
    """

    reading: Reading | None
    model: str
    merged: frozenset[str]
    buffers: Buffers | None

    @property
    def gone(self) -> bool:
        """What was recorded of such a batch reads memory that has been given back."""
        return bool((self.reading and self.reading.arena.gone) or (self.buffers and self.buffers.gone))


class Wardrobe:
    """Brings packs from disk to host memory to slots. `prepare` may be called from any thread."""

    def __init__(
        self,
        models: Models,
        layout: ModelLayout,
        *,
        device_bytes: int,
        host_bytes: int,
        merge_from: int = 0,
        least_rank: int = BUCKETS[0],
    ) -> None:
        """`least_rank`: adapters of a lower rank are filled up to it."""
        self._least_rank = least_rank
        self._models, self._layout_digest = models, layout.digest()
        self._host = HostTier(host_bytes)
        self._garage = Garage(models, layout, device_bytes)
        self._lender = Lender(models, self._garage, copies=not on_cpu(models))
        self._merger = Merger(models, merge_from, self._garage.budget)
        self.swaps = Tally()

    def slim(self, component: str) -> LeanLayers:
        """For a component that is compiled, as SlotLayers.slim."""
        return self._garage.layers[component].slim()

    def tiers(self) -> tuple[Tier, ...]:
        return self._host.tier(), self._garage.tier()

    def prepare(self, packs: Sequence[LocalPack]) -> None:
        """Raises JobRefusedError for a pack that was made for another base, DamagedPackError."""
        for local in packs:
            self._host.asked_for(local.use.pack_sha256)
            opened = self._opened(local)
            if opened.rows:
                self._garage.bring_near(local.use.pack_sha256, lambda opened=opened: opened.rows)  # type: ignore[misc] # the default binds this turn's value

    def dress(self, packs: Sequence[LocalPack]) -> Outfit:
        """Pin what a run wears until `undress`. Raises JobRefusedError, EngineFullError, DamagedPackError."""
        model, hosted = self._replaced(packs)
        words = words_of((local, self._opened(local)) for local in packs)
        with ExitStack() as undo:
            weights = self._lender.pin(model, hosted)
            undo.callback(self._lender.unpin, model)
            worn: list[Worn] = []
            for local in packs:
                if rows := self._opened(local).rows:
                    parked = self._garage.pin(local.use.pack_sha256, lambda rows=rows: rows)  # type: ignore[misc] # the default binds this turn's value
                    undo.callback(self._garage.unpin, [parked])
                    worn.append(Worn(local.use.pack_sha256, parked, local.use.weight))
            undo.pop_all()
        # What was copied to the device does without its copy here.
        held = (*(local.use.pack_sha256 for local in packs), model) if model and weights is hosted else ()
        self._host.pin(held)
        return Outfit(tuple(worn), model, weights, held, words)

    def undress(self, outfit: Outfit) -> None:
        self._merger.leave(outfit)
        self._host.unpin(outfit.held)
        self._lender.unpin(outfit.model)
        self._garage.unpin([each.parked for each in outfit.worn])

    @contextmanager
    def worn(
        self, components: Sequence[str], runs: Sequence[tuple[Outfit, int]], *, fixed: bool = False
    ) -> Iterator["Wearing"]:
        """Inside the block these components compute a batch of runs, each with its outfit and number of rows.

        All must have the same `model`. `fixed` is as in Garage.worn.
        """
        replaced = self._merger.weights(components, [outfit for outfit, _ in runs])
        weights = replaced or runs[0][0].weights
        reading: Reading | None = None
        with ExitStack() as undo:
            undo.callback(self._garage.budget.forward_is_over)
            with self.swaps.doing() if any(outfit.worn or outfit.model for outfit, _ in runs) else nullcontext():
                for component in components:
                    passengers = [Passenger(() if replaced else outfit.seats(component), rows) for outfit, rows in runs]
                    own = component not in weights
                    reading = undo.enter_context(self._garage.worn(component, passengers, fixed=fixed, own=own))
                if weights:
                    undo.enter_context(exchanged(weights, self._models))
            merged = frozenset(name for tensors in replaced.values() for name in tensors)
            yield Wearing(reading, runs[0][0].model, merged, self._merger.buffers if replaced else None)

    def _opened(self, local: LocalPack) -> Opened:
        return self._host.get(local.use.pack_sha256, partial(self._open, local))

    def _open(self, local: LocalPack) -> Opened:
        pack = open_pack(local.path, local.checksums)
        if pack.layout_digest != self._layout_digest:
            raise JobRefusedError("wrong_base", "This style was made for another base. Choose the base it names.")
        weights = {name: self._moved(name, own) for name, own in pack.weights.items()}
        rows = self._rows(pack, partial(MappedPack, local.path, local.checksums))
        return Opened(rows, weights, pack.deltas, pack.vectors)

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

    def _rows(self, pack: AdapterPack, open_file: Callable[[], MappedPack]) -> Rows:
        """Where the device has memory of its own, the whole rows in host memory; else a copy there would serve nobody."""
        rows: dict[str, AdapterRow] = {}
        for component, found in groupby(pack.low_rank, lambda part: part.component):
            parts = list(found)
            layout = self._garage.row_layout(
                component, bucket_of(max(self._least_rank, *(part.rank for part in parts)))
            )
            row, own = row_of(parts, layout, open_file), next(self._models[component].parameters())
            rows[component] = HostRow.of(row, own.dtype) if own.device.type == "cuda" else row
        return rows

    def _moved(self, component: str, tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """As the base's own lie: on the CPU, where they match already, the mapped file is used without a copy."""
        model = self._models[component]
        return {name: hosted_as(model.get_parameter(name).data, tensor) for name, tensor in tensors.items()}


def on_cpu(models: Models) -> bool:
    """Where host memory is the device's own."""
    return all(next(model.parameters()).device.type == "cpu" for model in models.values())


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
