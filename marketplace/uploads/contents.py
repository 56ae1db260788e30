"""Reads a file's tensor bytes once: every number must be finite. Memory is one chunk, however large the file."""

from collections import deque

import ml_dtypes
import numpy as np
from django.utils.translation import gettext as _

from hub.tensor_file import BYTES_PER_ITEM, FileHeader
from marketplace.uploads.errors import FileRefused

NUMPY_TYPES = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    # Single numbers only, such as the flag of an (IA)3.
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("<i1"),
    "U8": np.dtype("<u1"),
}


class FiniteCheck:
    """Takes the bytes behind the header in chunks of any size, in order; types must be among NUMPY_TYPES."""

    def __init__(self, header: FileHeader) -> None:
        self._waiting = deque(sorted(header.tensors.items(), key=lambda item: item[1].start))
        self._position = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Raises FileRefused at the first NaN or infinity."""
        data, offset = self._rest + chunk, 0
        while self._waiting:
            name, info = self._waiting[0]
            item = BYTES_PER_ITEM[info.dtype]
            # A number may be cut by the end of the chunk: its first bytes wait for the next one.
            count = min(len(data) - offset, info.end - self._position) // item
            if not count:
                break
            _refuse_non_finite(name, np.frombuffer(data, NUMPY_TYPES[info.dtype], count, offset))
            offset += count * item
            self._position += count * item
            if self._position == info.end:
                self._waiting.popleft()
        self._rest = data[offset:]


def _refuse_non_finite(name: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise FileRefused(
            "not_finite",
            _(
                "Tensor “%(name)s” holds NaN or infinity, which makes black pictures. Train again, or use an earlier epoch."
            )
            % {"name": name[:80]},
        )
