"""Packs that must draw nothing: cut short, of bytes that are none, or right but for numbers that are none."""

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hub.plugin_api import LocalPack
from hub.tensor_file import parse_header

BROKEN = 40
NO_NUMBERS = (np.nan, np.inf)
# Of queries torch's attention on the CPU leaves out what is no number, so such a style would be only wrong.
SPOILED = ".ff.net.2.lora_B.weight"


def broken(folder: Path, packs: Sequence[LocalPack], chance: random.Random) -> list[LocalPack]:
    """Made before the storm: what sixteen threads read and cut would stay with the allocator and count as growth."""
    return [_handed_in(_broken_file(folder, number, packs, chance), packs[0]) for number in range(BROKEN)]


def spoiled(folder: Path, pack: LocalPack) -> list[LocalPack]:
    """They are loaded, and it is their picture that must be refused."""
    return [_handed_in(_spoiled_file(folder, number, pack), pack) for number in NO_NUMBERS]


def _handed_in(path: Path, like: LocalPack) -> LocalPack:
    """Straight to the engine, past the hashes that would stop it."""
    named = hashlib.sha256(path.name.encode()).hexdigest()
    return LocalPack(like.use.model_copy(update={"pack_sha256": named}), path)


def _broken_file(folder: Path, number: int, packs: Sequence[LocalPack], chance: random.Random) -> Path:
    content = chance.choice(packs).path.read_bytes()
    path = folder / f"broken{number}.pack"
    cut = chance.randrange(len(content) // 2)
    path.write_bytes(chance.choice([content[:cut], chance.randbytes(cut), b"", b"\xff" * 8 + content[8:]]))
    return path


def _spoiled_file(folder: Path, number: float, pack: LocalPack) -> Path:
    content = bytearray(pack.path.read_bytes())
    header = parse_header(bytes(content), len(content))
    for name, info in header.tensors.items():
        if name.startswith("unet.") and name.endswith(SPOILED):
            at = header.data_offset + info.start
            content[at : at + 4] = np.float32(number).tobytes()
    path = folder / f"{number}.pack"
    path.write_bytes(content)
    return path
