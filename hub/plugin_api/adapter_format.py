"""Adapter formats name what is in an uploaded file; core does the reading, checking and writing.

A format is a pure plan: it sees names, shapes and metadata (the header), never the weights, so recognising a file
can't run anything in it.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.plugin_api.adapter_plan import AdapterPlan, Shape
from hub.plugin_api.errors import UnsupportedFileError, some
from hub.plugin_api.manifest import ExtensionPoint, OnError
from hub.tensor_file import FileHeader


@dataclass(frozen=True)
class ModelLayout:
    """Parameters of a base model: component ("unet", "text_encoder", ...) -> parameter name -> shape.

    `adaptable` names the modules of each component that take low-rank additions, such as its Linear and Conv2d ones.
    `prediction` is what the base predicts, as modelspec's prediction_type has it, "epsilon" or "v", and "" where that isn't
    known; `zero_snr`: was it trained to begin at nothing but noise?
    """

    components: Mapping[str, Mapping[str, Shape]]
    adaptable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    prediction: str = ""
    zero_snr: bool = False

    def shape(self, component: str, parameter: str) -> Shape | None:
        return self.components.get(component, {}).get(parameter)

    def modules(self, component: str) -> dict[str, Shape]:
        """The component's adaptable modules by path, with the shape of their weight."""
        parameters = self.components.get(component, {})
        return {module: parameters[f"{module}.weight"] for module in sorted(self.adaptable.get(component, ()))}

    def module(self, component: str, path: str) -> str:
        """The adaptable module that a file means by this path: its own, with or without `text_model.` before it.

        One of SDXL's text encoders lost that in transformers 5. Raises UnsupportedFileError where there is no such module.
        """
        self.check_modules([(component, path)])
        return next(candidate for candidate in _candidates(path) if candidate in self.adaptable[component])

    def check_modules(self, named: Iterable[tuple[str, str]]) -> None:
        """`named` are components and paths. Raises UnsupportedFileError, with the list, where the base has no such modules."""
        unknown = [
            f"{component}.{path}"
            for component, path in named
            if not any(candidate in self.adaptable.get(component, ()) for candidate in _candidates(path))
        ]
        if unknown:
            raise UnsupportedFileError(
                "unknown_modules",
                f"The base lacks {len(unknown)} modules that this file adapts: {some(unknown)}. Choose the base that it "
                "was trained on.",
                unknown,
            )

    def norms(self, component: str) -> dict[str, Shape]:
        """The component's normalisation layers by path, with the shape of their weight: one number per channel."""
        taken = self.adaptable.get(component, ())
        weights = {
            name.removesuffix(".weight"): shape
            for name, shape in sorted(self.components.get(component, {}).items())
            if name.endswith(".weight") and len(shape) == 1
        }
        return {module: shape for module, shape in weights.items() if module not in taken}

    def digest(self) -> str:
        """SHA-256 of all names and shapes: packs made for one layout fit every base that has it."""
        listed = {name: dict(sorted(parameters.items())) for name, parameters in sorted(self.components.items())}
        return hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest()


def _candidates(path: str) -> tuple[str, ...]:
    return path, path.removeprefix("text_model."), f"text_model.{path}"


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
