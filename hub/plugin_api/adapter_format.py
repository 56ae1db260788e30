"""Adapter formats name what is in an uploaded file; core does the reading, checking and writing.

A format is a pure plan: it sees names, shapes and metadata (the header), never the weights, so recognising a file
can't run anything in it.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.plugin_api.manifest import ExtensionPoint, OnError
from hub.tensor_file import FileHeader

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ModelLayout:
    """Parameters of a base model: component ("unet", "text_encoder", ...) -> parameter name -> shape.

    `adaptable` names the modules of each component that take low-rank additions, such as its Linear and Conv2d ones.
    """

    components: Mapping[str, Mapping[str, Shape]]
    adaptable: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def shape(self, component: str, parameter: str) -> Shape | None:
        return self.components.get(component, {}).get(parameter)

    def modules(self, component: str) -> dict[str, Shape]:
        """The component's adaptable modules by path, with the shape of their weight."""
        parameters = self.components.get(component, {})
        return {module: parameters[f"{module}.weight"] for module in sorted(self.adaptable.get(component, ()))}

    def digest(self) -> str:
        """SHA-256 of all names and shapes: packs made for one layout fit every base that has it."""
        listed = {name: dict(sorted(parameters.items())) for name, parameters in sorted(self.components.items())}
        return hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class LowRankTarget:
    """W of `component`.`module` gains weight x alpha/rank x up @ down; the last three name tensors of the file.

    Without an alpha tensor, alpha is `alpha_value`, and where that is None it is the rank.
    """

    component: str
    module: str
    down: str
    up: str
    alpha: str | None = None
    alpha_value: float | None = None


@dataclass(frozen=True)
class WeightTarget:
    """`component`.`parameter` is replaced by the file's tensor `source`."""

    component: str
    parameter: str
    source: str


@dataclass(frozen=True)
class AdapterPlan:
    """How to serve a file: low-rank additions, whole replaced weights, or both. Covers every tensor of the file."""

    low_rank: tuple[LowRankTarget, ...] = ()
    weights: tuple[WeightTarget, ...] = ()

    @property
    def kind(self) -> str:
        return "fine_tune" if self.weights else "lora"


class AdapterFormat(Protocol):
    @abstractmethod
    def recognise(self, header: FileHeader) -> bool:
        """Is this file in my format? Decided from names and metadata alone, with no base at hand."""

    @abstractmethod
    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        """Assign every tensor of the file to the base.

        Raises UnsupportedFileError, listing the names, when one can't be served exactly.
        """


ADAPTER_FORMAT: ExtensionPoint[AdapterFormat] = ExtensionPoint("adapter_format", on_error=OnError.REJECT_UPLOAD)
