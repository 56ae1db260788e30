"""The hash tree of RFC 9162, section 2.1: a root for many leaves, and a short path from one leaf to it."""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    # Leaves and nodes begin differently, or a node could be passed off as a leaf.
    return hashlib.sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Of leaf hashes, in order."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = _split(len(leaves))
    return _node(root(leaves[:split]), root(leaves[split:]))


def path(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """What a leaf is hashed with on the way to the root, from the leaf up."""
    if len(leaves) < 2:
        return []
    split = _split(len(leaves))
    if position < split:
        return [*path(leaves[:split], position), root(leaves[split:])]
    return [*path(leaves[split:], position - split), root(leaves[:split])]


def root_of_path(leaf: bytes, position: int, count: int, hashes: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to (RFC 9162, section 2.1.3.2), None where the path is not as long as it must be."""
    if not 0 <= position < count:
        return None
    found, place, last = leaf, position, count - 1
    for other in hashes:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = _node(other, found)
            while not place % 2 and place:
                place, last = place // 2, last // 2
        else:
            found = _node(found, other)
        place, last = place // 2, last // 2
    return found if last == 0 else None


def _split(count: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << (count - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
