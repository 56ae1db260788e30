"""A small model with every kind of layer that SDXL has, adapters for it, and requests that wear some of them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from hub.plugin_api import ModelLayout
from plugins.sdxl.layout import layout_of_models
from plugins.sdxl.slots.garage import Garage, Parked
from plugins.sdxl.slots.parts import Passenger
from plugins.sdxl.slots.rows import PackRow, RowLayout, bucket_of, row_of
from tests.low_rank_packs import Pair, pack_of_pairs

RANKS = (1, 4, 6, 16)
MANY = 2**24


class Small(nn.Module):
    """Linear on tokens and on single vectors; 3x3, strided and 1x1 convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.strided = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.shortcut = nn.Conv2d(12, 16, 1)
        self.time = nn.Linear(5, 16)
        self.tokens = nn.Linear(16, 24, bias=False)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        x = self.shortcut(torch.relu(self.strided(self.first(x)))) + self.time(time)[:, :, None, None]
        tokens: torch.Tensor = self.tokens(x.flatten(2).mT)
        return tokens


def small() -> Small:
    torch.manual_seed(0)
    return Small().requires_grad_(False)


def layout_of(model: nn.Module) -> ModelLayout:
    return layout_of_models({"unet": model})


def adapter(model: nn.Module, seed: int) -> list[Pair]:
    """Random parts for some of the modules, each of a rank and alpha of its own."""
    generator = torch.Generator().manual_seed(seed)
    rank = RANKS[seed % len(RANKS)]
    parts = []
    for index, (module, (out, *into)) in enumerate(sorted(layout_of(model).modules("unet").items())):
        if (seed + index) % 3:
            own = max(1, rank - index)
            down = torch.randn(own, *into, generator=generator) * 0.3
            up = torch.randn(out, own, *([1] * (len(into) - 1)), generator=generator) * 0.3
            parts.append(Pair(module, down, up, alpha=1.0 + index))
    return parts


def parked(garage: Garage, model: nn.Module, seed: int) -> Parked:
    parts = adapter(model, seed)
    layout = garage.row_layout("unet", bucket_of(max(part.rank for part in parts)))
    return garage.pin(str(seed), lambda: {"unet": row(parts, layout)})


def row(parts: Sequence[Pair], layout: RowLayout) -> PackRow:
    """Of a pack that is gone as soon as it is mapped."""
    with tempfile.TemporaryDirectory() as folder:
        pack = pack_of_pairs(parts, Path(folder) / "pack")
    return row_of(pack.low_rank, layout, lambda: pack.file)


def with_peft(worn: Sequence[tuple[int, float]], x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The unmerged forward of peft's own layers."""
    model: Any = small()
    for number, (seed, weight) in enumerate(worn):
        parts, name = adapter(small(), seed), f"style{number}"
        config = LoraConfig(
            r=1,
            target_modules=[part.module for part in parts],
            rank_pattern={f"^{part.module}$": part.rank for part in parts},
            alpha_pattern={f"^{part.module}$": part.alpha for part in parts},
        )
        inject_adapter_in_model(config, model, name)
        for part in parts:
            layer = model.get_submodule(part.module)
            layer.lora_A[name].weight.data, layer.lora_B[name].weight.data = part.down, part.up
            layer.set_scale(name, weight)
    for layer in model.modules():
        if hasattr(layer, "set_adapter") and worn:
            layer.set_adapter(list(layer.lora_A))
    with torch.no_grad():
        result: torch.Tensor = model(x, time)
    return result


Request = tuple[list[tuple[int, float]], int]
REQUESTS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 7), st.sampled_from([-1.0, 0.0, 0.3, 1.0])), max_size=3, unique_by=lambda u: u[0]
        ),
        st.sampled_from([1, 2]),
    ),
    min_size=1,
    max_size=6,
)


def forward(
    garage: Garage,
    model: nn.Module,
    requests: Sequence[Request],
    inputs: Sequence[torch.Tensor],
    *,
    fixed: bool = False,
    compute: Any = None,
) -> Any:
    """Each request's output, in the order asked, from one forward for all; `compute` is the model's own otherwise."""
    passengers = [
        (
            number,
            Passenger(
                tuple(seat for seed, weight in worn if (seat := parked(garage, model, seed).seat("unet", weight))), rows
            ),
        )
        for number, (worn, rows) in enumerate(requests)
    ]
    passengers.sort(key=lambda pair: pair[1].order)
    x, time = (torch.cat([inputs[2 * number + part] for number, _ in passengers]) for part in (0, 1))
    with torch.no_grad(), garage.worn("unet", [each for _, each in passengers], fixed=fixed):
        split = (compute or model)(x, time).split([each.rows for _, each in passengers])
    return [own for _, own in sorted(zip([number for number, _ in passengers], split, strict=True), key=lambda p: p[0])]


def inputs_of(requests: Sequence[Request]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    return [torch.randn(rows, *shape, generator=generator) for _, rows in requests for shape in ((3, 10, 6), (5,))]
