"""Checks a proof from the hub's ledger on this machine, with keys that you kept. Needs `irodori-client[verify]`.

The tree of hashes is that of RFC 9162, section 2.1.3.2; blocks are signed with Ed25519.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from irodori_client import signatures
from irodori_client.errors import DamagedError
from irodori_client.models import Proof, PublicKeys


@dataclass(frozen=True)
class Movement:
    """What a proof that holds says: your entries of one movement, and the block that has held it since."""

    kind: str
    entries: tuple[dict[str, Any], ...]
    block: int
    sealed_at: str
    key_id: str


def verify(proof: Proof, keys: PublicKeys) -> Movement:
    """Raises DamagedError with the step that does not hold, UsageError where `cryptography` is not installed."""
    try:
        leaf, block = json.loads(proof.leaf), json.loads(proof.block)
        _check_entries(proof, leaf["entries"])
        if root_of_path(proof, block["count"]) != block["merkle_root"]:
            raise DamagedError("The movement is not in the block.")
        signatures.check(proof.block.encode(), proof.signature, block["key_id"], keys)
        entries = tuple(json.loads(entry) for entry in proof.entries)
        return Movement(leaf["kind"], entries, block["number"], block["sealed_at"], block["key_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError("The proof is not written as proofs are.") from error


def root_of_path(proof: Proof, count: int) -> str | None:
    """The root that leaf and path lead to, in hex; None where the path is not as long as it must be."""
    place, last = proof.position, count - 1
    if not 0 <= place <= last:
        return None
    found = _sha256(b"\x00" + proof.leaf.encode())
    for other in map(bytes.fromhex, proof.path):
        if last == 0:
            return None
        if place % 2 or place == last:
            found = _sha256(b"\x01" + other + found)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = _sha256(b"\x01" + found + other)
        place, last = place // 2, last // 2
    return found.hex() if last == 0 else None


def _check_entries(proof: Proof, hashes: list[str]) -> None:
    if not proof.entries:
        raise DamagedError("No entry of yours is in the proof.")
    if any(_sha256(entry.encode()).hex() not in hashes for entry in proof.entries):
        raise DamagedError("An entry does not belong to the movement.")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
