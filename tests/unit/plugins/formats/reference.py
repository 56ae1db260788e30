"""What a module's weight should be with the tensors of a file: the reference that is not ours.

The `lycoris-lora` package computes LoRA, LoHa, LoKr and diff, and how a DoRA stretches what they make. Where it has no such
function, or a weight means something else there, the formula of the paper stands here.
"""

from typing import Any

import torch
from lycoris.functional import locon, loha, lokr
from lycoris.functional.general import weight_decompose

from tests.factories.adapter_kinds import Tensors


def expected(parts: Tensors, own: torch.Tensor, weight: float) -> torch.Tensor:
    """W at this weight, in float64. `parts` are a module's tensors by ending, `own` is the base's W."""
    base = own.detach().double()
    if "w_norm" in parts:
        return base + weight * parts["w_norm"].double()
    if "on_input" in parts:
        return _scaled(parts, base, weight)
    if "dora_scale" not in parts:
        return base + weight * change(parts, tuple(own.shape))
    return base + weight * (_stretched(parts, base) - base)


def _scaled(parts: Tensors, base: torch.Tensor, weight: float) -> torch.Tensor:
    """(IA)3, arXiv 2205.05638: what goes in or comes out times a vector, which is 1 + the file's numbers."""
    scaling = 1 + weight * parts["weight"].double().flatten()
    axes = "oi...,i->oi..." if parts["on_input"] else "oi...,o->oi..."
    return torch.einsum(axes, base, scaling)


def _stretched(parts: Tensors, base: torch.Tensor) -> torch.Tensor:
    """DoRA at its full weight, a length for each output or, in older files, input.

    At other weights LyCORIS keeps all of the change and weighs the stretch alone, so that 0 is not the base.
    """
    lengths = parts["dora_scale"].double()
    moved = base + change({name: part for name, part in parts.items() if name != "dora_scale"}, tuple(base.shape))
    made = weight_decompose(moved, lengths, wd_on_out=lengths.shape[0] == base.shape[0], backend="torch")
    return torch.as_tensor(made)


def change(own: Tensors, shape: tuple[int, ...]) -> torch.Tensor:
    """The change of a weight of this shape, in float64. `own` is by ending."""
    parts: dict[str, Any] = {ending: tensor.double() for ending, tensor in own.items()}
    if "diff" in parts:
        made = parts["diff"]
    elif "lora_up.weight" in parts:
        made = locon.diff_weight(
            parts["lora_down.weight"],
            parts["lora_up.weight"],
            parts.get("lora_mid.weight"),
            gamma=_scale(parts, "lora_down.weight"),
        )
    elif "hada_w1_a" in parts:
        names = ("hada_w1_b", "hada_w1_a", "hada_w2_b", "hada_w2_a", "hada_t1", "hada_t2")
        made = loha.diff_weight(*map(parts.get, names), gamma=_scale(parts, "hada_w1_b"))
    else:
        made = _lokr(parts, shape)
    return torch.as_tensor(made).reshape(shape)


def _lokr(parts: dict[str, Any], shape: tuple[int, ...]) -> Any:
    names = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")
    halves = {name: parts.get(name) for name in names}
    if len(shape) > 2:  # Files have a flat kernel; the package's function wants it unfolded.
        for name in {"lokr_w2_b"} & parts.keys() - ({"lokr_w2_b"} if "lokr_t2" in parts else set()):
            rank = parts[name].shape[0]
            halves[name] = parts[name].reshape(rank, -1, *shape[2:])
    made = lokr.kron_weight(*halves.values(), scale=1.0)
    return made * (_scale(parts, "lokr_w2_b") if "lokr_w2_b" in parts else 1.0)


def _scale(parts: dict[str, Any], right: str) -> float:
    return float(parts["alpha"]) / int(parts[right].shape[0])
