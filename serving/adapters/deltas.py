"""Changes of a weight that no small low-rank pair is: what each rule makes of the parts that a pack holds.

All in float32, from the base's own weight: at weight w the parameter becomes base + w x change(base), and several
adapters' changes add up. So w = 0 is the base and w = 1 what the adapter was trained to be, for every rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from serving.adapters.pack import MAGNITUDES, SCALED, SIDES


@dataclass(frozen=True)
class Delta:
    """`component`.`parameter` gains weight x change(its value). `parts` are the tensors of the pack, by name."""

    component: str
    parameter: str
    rule: str
    parts: Mapping[str, torch.Tensor]

    def change(self, base: torch.Tensor) -> torch.Tensor:
        """base.shape, float32, on base's device."""
        whole = base.to(torch.float32)
        parts = {name: part.to(base.device, torch.float32) for name, part in self.parts.items()}
        if self.rule == "added":
            return parts["change"]
        if self.rule in SCALED:  # (IA)3: LyCORIS modules/ia3.py, W x (1 + weight x scaling), biases left alone.
            return whole * parts["change"]
        moved = _made(self.rule, parts).reshape(base.shape) * parts["scale"]
        return _stretched(whole + moved, parts) - whole if _has_magnitude(parts) else moved


def _made(rule: str, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Sources: FedPara (arXiv 2108.06098) for "hadamard", LyCORIS (arXiv 2309.14859) for "kronecker"."""
    first = _factor(SIDES[0], parts)
    if rule == "product":
        return first
    second = _factor(SIDES[1], parts)
    if rule == "hadamard":
        return first * second
    blocks: torch.Tensor = torch.kron(first.reshape(*first.shape, *([1] * (second.ndim - 2))), second)
    return blocks


def _factor(which: str, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """[rows, columns, *kernel]."""
    if f"{which}_whole" in parts:
        return parts[f"{which}_whole"]
    product: torch.Tensor = torch.tensordot(parts[f"{which}_left"], parts[f"{which}_right"], dims=1)
    return product


def _has_magnitude(parts: Mapping[str, torch.Tensor]) -> bool:
    return any(name in parts for name in MAGNITUDES)


def _stretched(weight: torch.Tensor, parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Each slice along an axis brought to the length that its magnitude says; a slice of zeros stays one.

    Source: DoRA (arXiv 2402.09353), W' = m x (W + D) / ||W + D||.
    """
    axis = 0 if MAGNITUDES[0] in parts else 1
    others = [place for place in range(weight.ndim) if place != axis]
    lengths: torch.Tensor = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    return weight * (parts[MAGNITUDES[axis]] / torch.where(lengths == 0, 1.0, lengths))
