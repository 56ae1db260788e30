"""The exact difference between two rows of numbers in one type, packed small: what a fine-tune changed of its base.

Floats of one type, taken as integers in the order of their values, lie close together where the numbers do. So the
difference of those integers is small, its upper bytes are mostly equal, and each place of byte compresses by itself.
Nothing is rounded: whatever the bits are, infinities and NaNs included, they come back.
"""

import numpy as np
import zstandard
from numpy.typing import NDArray

Bits = NDArray[np.unsignedinteger]
"""The items of a tensor as unsigned integers of their size."""

SIGNED: dict[int, type[np.signedinteger]] = {2: np.int16, 4: np.int32}
# Level 3 packs as small as 9 and faster than the store takes it: docs/decisions/0011.
LEVEL = 3


def packed(bits: Bits, base: Bits) -> bytes:
    """What `restored` makes `bits` of again, given the same `base`; both [n] and of one type."""
    difference = _folded(_ordered(bits) - _ordered(base))
    places = difference.view(np.uint8).reshape(-1, bits.itemsize).T
    return zstandard.ZstdCompressor(level=LEVEL).compress(np.ascontiguousarray(places).tobytes())


def restored(content: bytes, base: Bits) -> Bits:
    """[n] in base's type. Raises ValueError where the content is not the difference of as many numbers."""
    places = np.frombuffer(unpacked(content, base.nbytes), np.uint8).reshape(base.itemsize, -1)
    difference = np.ascontiguousarray(places.T).reshape(-1).view(base.dtype)
    return _disordered(_unfolded(difference) + _ordered(base))


def unpacked(content: bytes, size: int) -> bytes:
    """`size` bytes, never more, whatever the content says of itself. Raises ValueError."""
    try:
        found = zstandard.ZstdDecompressor().decompress(content, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(f"What was packed can't be read: {error}") from error
    if len(found) != size:
        raise ValueError(f"{len(found)} bytes were packed where {size} were expected.")
    return found


def rounded(numbers: Bits, dtype: str, into: str) -> Bits:
    """Bits of one type as bits of another ("F32", "F16", "BF16"), to the nearest, ties to even."""
    if dtype == into:
        return numbers
    single = _single(numbers, dtype)
    if into == "F32":
        return single.view(np.uint32)
    if into == "F16":
        with np.errstate(over="ignore"):
            return single.astype(np.float16).view(np.uint16)
    bits = single.view(np.uint32)
    up = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + up) >> np.uint32(16)).astype(np.uint16)


def _single(numbers: Bits, dtype: str) -> NDArray[np.float32]:
    if dtype == "F16":
        return numbers.view(np.float16).astype(np.float32)
    if dtype == "BF16":  # The upper half of a float32.
        return (numbers.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return numbers.view(np.float32)


def _ordered(bits: Bits) -> Bits:
    """As integers in the order of the values: negative numbers turned round, all of them below the positive ones."""
    sign = _sign(bits)
    return np.where(bits & sign, ~bits, bits | sign)


def _disordered(ordered: Bits) -> Bits:
    sign = _sign(ordered)
    return np.where(ordered & sign, ordered ^ sign, ~ordered)


def _folded(difference: Bits) -> Bits:
    """0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4, ...: a small step down has no upper bits either."""
    signed = difference.view(SIGNED[difference.itemsize])
    folded: Bits = ((signed << 1) ^ (signed >> (8 * difference.itemsize - 1))).view(difference.dtype)
    return folded


def _unfolded(folded: Bits) -> Bits:
    one = folded.dtype.type(1)
    return (folded >> one) ^ (~(folded & one) + one)


def _sign(bits: Bits) -> np.unsignedinteger:
    sign: np.unsignedinteger = bits.dtype.type(1 << (8 * bits.itemsize - 1))
    return sign
