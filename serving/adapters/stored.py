"""The weights of a base as it was published: a component's parameters, in any number of files and under any names there."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from hub.plugin_api import StoredTensor, viewed_shape
from hub.tensor_file import FileHeader
from serving.adapters.tensor_bytes import TensorFile, viewed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Weights(Protocol):
    """What is asked of a file, or of several that are read as one."""

    @property
    def header(self) -> FileHeader: ...

    def raw(self, name: str) -> "NDArray[np.unsignedinteger]": ...

    def numbers(self, name: str) -> "NDArray[np.float64]": ...


StoredBase = Mapping[str, Weights]
"""Component -> its parameters under the layout's names, as the base was published."""


class StoredWeights:
    """Reads like one file with the parameters' own names. Raises HeaderError for files that the hub does not open."""

    def __init__(self, places: Mapping[str, StoredTensor]) -> None:
        self._files = {file: TensorFile(file) for file in {place.file for place in places.values()}}
        self._places = places

    @cached_property
    def header(self) -> FileHeader:
        """Its offsets are those of the files, and mean nothing here."""
        tensors = {}
        for parameter, place in self._places.items():
            info = self._files[place.file].header.tensors.get(place.name)
            if info and (shape := viewed_shape(info.shape, place.view)) is not None:
                tensors[parameter] = replace(info, shape=shape)
        return FileHeader(tensors, {}, 0)

    def raw(self, name: str) -> "NDArray[np.unsignedinteger]":
        place = self._places[name]
        return viewed(self._files[place.file].raw(place.name), place.view)

    def numbers(self, name: str) -> "NDArray[np.float64]":
        place = self._places[name]
        return viewed(self._files[place.file].numbers(place.name), place.view)
