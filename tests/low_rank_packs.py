"""Packs of low-rank pairs, made by the converter's own writer from tensors at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from serving.adapters.api import AdapterPack, open_pack
from serving.adapters.entries import Entry, file_chunks, numbers
from serving.adapters.pack import ALPHAS, DOWN, UP, metadata

NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}


class Pair(NamedTuple):
    """What a module gains. down: [rank, in, ...], up: [out, rank, ...]."""

    module: str
    down: torch.Tensor
    up: torch.Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return self.down.shape[0]


def write_pairs(pairs: Sequence[Pair], path: Path, layout_digest: str = "", component: str = "unet") -> Path:
    """A pack of one component."""
    alphas = numbers(ALPHAS + component, [pair.alpha for pair in sorted(pairs, key=lambda pair: pair.module)])
    tensors = [
        (f"{component}.{pair.module}{end}", own) for pair in pairs for end, own in ((DOWN, pair.down), (UP, pair.up))
    ]
    with path.open("wb") as file:
        for chunk in file_chunks(
            [alphas, *(_entry(name, own) for name, own in tensors)], metadata("lora", layout_digest)
        ):
            file.write(chunk)
    return path


def pack_of_pairs(pairs: Sequence[Pair], path: Path) -> AdapterPack:
    return open_pack(write_pairs(pairs, path))


def _entry(name: str, tensor: torch.Tensor) -> Entry:
    content = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return Entry(name, NAMES[tensor.dtype], tuple(tensor.shape), len(content), lambda: [content])
