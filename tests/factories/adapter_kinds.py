"""Random tensors of every kind of adapter, by the endings that trainers give them: what one module of a file holds."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch

from hub.plugin_api import Shape

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Draw:
    """Random numbers of a seed, small enough that a module with them still works."""

    generator: torch.Generator

    def __call__(self, *shape: int, spread: float = 0.3) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator) * spread

    def lengths(self, *shape: int) -> torch.Tensor:
        return 0.5 + torch.rand(shape, generator=self.generator)


def lora(draw: Draw, weight: Shape, rank: int = 4) -> Tensors:
    ones = (1,) * len(weight[2:])
    return {
        "lora_down.weight": draw(rank, *weight[1:]),
        "lora_up.weight": draw(weight[0], rank, *ones),
        "alpha": torch.tensor(rank / 2),
    }


def tucker(draw: Draw, weight: Shape, rank: int = 4) -> Tensors:
    return {
        "lora_down.weight": draw(rank, weight[1], 1, 1),
        "lora_mid.weight": draw(rank, rank, *weight[2:]),
        "lora_up.weight": draw(weight[0], rank, 1, 1),
        "alpha": torch.tensor(3.0),
    }


def loha(draw: Draw, weight: Shape, rank: int = 4) -> Tensors:
    width = prod(weight[1:])
    return {
        **{f"hada_w{number}_a": draw(weight[0], rank) for number in (1, 2)},
        **{f"hada_w{number}_b": draw(rank, width) for number in (1, 2)},
        "alpha": torch.tensor(rank / 4),
    }


def loha_wide(draw: Draw, weight: Shape) -> Tensors:
    """Of a rank whose square is more than a pair may have."""
    return loha(draw, weight, rank=9)


def loha_tucker(draw: Draw, weight: Shape, rank: int = 3) -> Tensors:
    return {
        **{f"hada_w{number}_a": draw(rank, weight[0]) for number in (1, 2)},
        **{f"hada_w{number}_b": draw(rank, weight[1]) for number in (1, 2)},
        **{f"hada_t{number}": draw(rank, rank, *weight[2:]) for number in (1, 2)},
        "alpha": torch.tensor(2.0),
    }


def lokr(draw: Draw, weight: Shape, rank: int = 2) -> Tensors:
    """The first factor whole, 4 x 4 or as small as the weight needs; the second split."""
    first = _first(weight)
    return {
        "lokr_w1": draw(*first),
        "lokr_w2_a": draw(weight[0] // first[0], rank),
        "lokr_w2_b": draw(rank, prod(weight[1:]) // first[1]),
        "alpha": torch.tensor(1.0),
    }


def lokr_wide(draw: Draw, weight: Shape) -> Tensors:
    """Of a rank that no pair may have."""
    return lokr(draw, weight, rank=17)


def lokr_whole(draw: Draw, weight: Shape) -> Tensors:
    """Without a rank; trainers write an alpha all the same, which counts for nothing."""
    first = _first(weight)
    return {
        "lokr_w1": draw(*first),
        "lokr_w2": draw(weight[0] // first[0], weight[1] // first[1], *weight[2:]),
        "alpha": torch.tensor(7.0),
    }


def lokr_split(draw: Draw, weight: Shape, rank: int = 2) -> Tensors:
    """Both factors split."""
    first = _first(weight)
    return {
        "lokr_w1_a": draw(first[0], rank),
        "lokr_w1_b": draw(rank, first[1]),
        **{name: tensor for name, tensor in lokr(draw, weight, rank).items() if name != "lokr_w1"},
    }


def lokr_tucker(draw: Draw, weight: Shape, rank: int = 2) -> Tensors:
    first = _first(weight)
    return {
        "lokr_w1": draw(*first),
        "lokr_w2_a": draw(rank, weight[0] // first[0]),
        "lokr_w2_b": draw(rank, weight[1] // first[1]),
        "lokr_t2": draw(rank, rank, *weight[2:]),
        "alpha": torch.tensor(1.0),
    }


def diff(draw: Draw, weight: Shape) -> Tensors:
    return {"diff": draw(*weight)}


def ia3_out(draw: Draw, weight: Shape) -> Tensors:
    return {"weight": _channels(draw(weight[0]), weight), "on_input": torch.tensor(0)}


def ia3_in(draw: Draw, weight: Shape) -> Tensors:
    return {"weight": _channels(draw(weight[1]), weight), "on_input": torch.tensor(1)}


def dora(draw: Draw, weight: Shape) -> Tensors:
    return lora(draw, weight) | {"dora_scale": draw.lengths(weight[0], *_ones(weight)[1:])}


def dora_by_input(draw: Draw, weight: Shape) -> Tensors:
    return lora(draw, weight) | {"dora_scale": draw.lengths(1, weight[1], *_ones(weight)[2:])}


def dora_of_loha(draw: Draw, weight: Shape) -> Tensors:
    return loha(draw, weight) | {"dora_scale": draw.lengths(weight[0], *_ones(weight)[1:])}


def dora_of_lokr(draw: Draw, weight: Shape) -> Tensors:
    return lokr(draw, weight) | {"dora_scale": draw.lengths(weight[0], *_ones(weight)[1:])}


def norm(draw: Draw, weight: Shape) -> Tensors:
    return {"w_norm": draw(*weight), "b_norm": draw(*weight)}


Kind = Callable[[Draw, Shape], Tensors]
EVERYWHERE: dict[str, Kind] = {
    "lora": lora,
    "loha": loha,
    "loha_wide": loha_wide,
    "lokr": lokr,
    "lokr_wide": lokr_wide,
    "lokr_whole": lokr_whole,
    "lokr_split": lokr_split,
    "diff": diff,
    "ia3_out": ia3_out,
    "ia3_in": ia3_in,
    "dora": dora,
    "dora_by_input": dora_by_input,
    "dora_of_loha": dora_of_loha,
    "dora_of_lokr": dora_of_lokr,
}
ON_KERNELS: dict[str, Kind] = {"tucker": tucker, "loha_tucker": loha_tucker, "lokr_tucker": lokr_tucker}
PAIRS = frozenset({"lora", "tucker", "loha", "loha_tucker", "lokr", "lokr_split", "lokr_tucker"})
"""Kinds that are served as low-rank pairs; the others are deltas."""


def _first(weight: Shape) -> tuple[int, int]:
    return (4 if weight[0] % 4 == 0 else 1), (4 if weight[1] % 4 == 0 else 1)


def _ones(weight: Shape) -> tuple[int, ...]:
    return (1,) * len(weight)


def _channels(numbers: torch.Tensor, weight: Shape) -> torch.Tensor:
    """LyCORIS keeps those of a convolution as [1, channels, 1, 1]."""
    return numbers if len(weight) == 2 else numbers.reshape(1, -1, 1, 1)
