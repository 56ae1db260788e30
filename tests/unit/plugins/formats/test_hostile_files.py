"""A good file with one thing wrong is refused, whatever its naming, its kind and the thing: never served as something near.

Each example takes two modules of a kind, spoils one tensor, and sends the file through recognition, plan, checks and pack.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hub.config import plugin_registry
from hub.plugin_api import ADAPTER_FORMAT, ModelLayout, Shape, UnsupportedFileError
from hub.tensor_file import HeaderError, parse_header
from marketplace.uploads.errors import FileRefused
from marketplace.uploads.header_checks import recognised_format
from plugins.kohya_lora.names import flat_name, sgm_names, sgm_paths
from tests.factories.adapter_kinds import EVERYWHERE, ON_KERNELS, Draw, norm
from tests.factories.tensor_files import tensor_file
from tests.serving_jobs import made_into_pack

pytestmark = pytest.mark.torch
LINEARS: dict[str, Shape] = {
    "mid_block.attentions.0.proj_in.weight": (8, 12),
    "down_blocks.1.attentions.0.proj_out.weight": (16, 8),
}
KERNELS: dict[str, Shape] = {
    "down_blocks.0.resnets.0.conv1.weight": (8, 16, 3, 3),
    "down_blocks.0.resnets.1.conv2.weight": (12, 8, 3, 3),
}
NORMS: dict[str, Shape] = {"down_blocks.0.resnets.0.norm1.weight": (8,), "mid_block.resnets.0.norm2.weight": (8,)}
BIASES: dict[str, Shape] = {name.replace(".weight", ".bias"): shape for name, shape in NORMS.items()}
LAYOUT = ModelLayout(
    {"unet": LINEARS | KERNELS | NORMS | BIASES},
    {"unet": frozenset(name.removesuffix(".weight") for name in LINEARS | KERNELS)},
)
PATHS = [*LAYOUT.modules("unet"), *LAYOUT.norms("unet")]
SGM, SGM_PATHS = sgm_names(PATHS), sgm_paths(PATHS)
Tensors = dict[str, NDArray[Any]]
NAMINGS: dict[str, Callable[[str], str]] = {
    "kohya, Stability's blocks": SGM.__getitem__,
    "kohya, diffusers' blocks": lambda path: flat_name("unet", path),
    "LyCORIS' wrapper": lambda path: f"lycoris_{path.replace('.', '_')}",
    "OneTrainer, OMI": lambda path: f"unet.{SGM_PATHS[path]}",
    "OneTrainer's own state": lambda path: f"lora_unet.{path}",
}
KINDS = EVERYWHERE | ON_KERNELS | {"norm": norm}
# What a file may lack and still be one: another kind, or the same with a default that programs agree on.
OPTIONAL = ("alpha", "dora_scale", "b_norm")


def good_file(naming: str, kind: str, seed: int) -> Tensors:
    draw = Draw(torch.Generator().manual_seed(seed))
    shapes = NORMS if kind == "norm" else KERNELS if kind in ON_KERNELS else LINEARS
    return {
        f"{NAMINGS[naming](parameter.removesuffix('.weight'))}.{ending}": tensor.numpy()
        for parameter, shape in shapes.items()
        for ending, tensor in KINDS[kind](draw, shape).items()
    }


def serve(tensors: Tensors) -> bytes:
    """The pack, or the refusal of whichever gate the file fails at."""
    content = tensor_file(tensors)
    found = recognised_format(parse_header(content, len(content)), plugin_registry())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.safetensors"
        file.write_bytes(content)
        adapter_format = plugin_registry().get(ADAPTER_FORMAT, found)
        return made_into_pack(file, Path(folder), adapter_format, LAYOUT).path.read_bytes()


def refusal(tensors: Tensors) -> str:
    with pytest.raises((UnsupportedFileError, FileRefused, HeaderError)) as refused:
        serve(tensors)
    return str(refused.value)


anything = {
    "naming": st.sampled_from(sorted(NAMINGS)),
    "kind": st.sampled_from(sorted(KINDS)),
    "seed": st.integers(0, 99),
}
examples = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(**anything)
@examples
def test_the_good_file_is_served_the_same_each_time(naming: str, kind: str, seed: int) -> None:
    assert serve(good_file(naming, kind, seed)) == serve(good_file("kohya, Stability's blocks", kind, seed))


@given(**anything, pick=st.integers(0))
@examples
def test_a_missing_tensor(naming: str, kind: str, seed: int, pick: int) -> None:
    tensors = good_file(naming, kind, seed)
    needed = [name for name in tensors if not name.endswith(OPTIONAL)]
    lost = needed[pick % len(needed)]
    del tensors[lost]
    if kind == "diff":
        return  # A module without its only tensor is not in the file at all.
    refusal(tensors)


@given(
    **anything, pick=st.integers(0), ending=st.sampled_from(["mystery", "lora_up.bias", "hada_w3_a", "weight.scale"])
)
@examples
def test_an_unknown_ending_is_named(naming: str, kind: str, seed: int, pick: int, ending: str) -> None:
    tensors = good_file(naming, kind, seed)
    module = sorted(tensors)[pick % len(tensors)].split(".lora_")[0]
    stranger = f"{module}.{ending}"
    assert stranger.split(".")[0] in refusal(tensors | {stranger: np.ones((2, 2), np.float32)})


@given(
    **anything, pick=st.integers(0), name=st.sampled_from(["stranger.weight", "vae.conv_in.weight", "clip_l", "alpha"])
)
@examples
def test_a_tensor_of_nothing_is_named(naming: str, kind: str, seed: int, pick: int, name: str) -> None:
    said = refusal(good_file(naming, kind, seed) | {name: np.ones((2, 2), np.float32)})
    assert name.removesuffix(".weight") in said


@given(**anything, pick=st.integers(0))
@examples
def test_a_wrong_shape(naming: str, kind: str, seed: int, pick: int) -> None:
    tensors = good_file(naming, kind, seed)
    name = sorted(tensors)[pick % len(tensors)]
    whole = np.atleast_1d(tensors[name])
    tensors[name] = np.concatenate([whole, whole[:1]])
    refusal(tensors)


@given(**anything, pick=st.integers(0), poison=st.sampled_from([np.nan, np.inf, -np.inf]))
@examples
def test_a_number_that_is_none(naming: str, kind: str, seed: int, pick: int, poison: float) -> None:
    tensors = good_file(naming, kind, seed)
    floats = sorted(name for name, tensor in tensors.items() if tensor.dtype == np.float32)
    name = floats[pick % len(floats)]
    tensors[name] = tensors[name].copy()
    tensors[name].reshape(-1)[-1] = poison
    assert name in refusal(tensors)


@given(**anything, pick=st.integers(0))
@examples
def test_whole_numbers_for_weights(naming: str, kind: str, seed: int, pick: int) -> None:
    tensors = good_file(naming, kind, seed)
    weights = sorted(name for name in tensors if not name.endswith(("alpha", "on_input")))
    name = weights[pick % len(weights)]
    tensors[name] = tensors[name].astype(np.int64)
    assert name in refusal(tensors)


@given(**anything, other=st.sampled_from(sorted(NAMINGS)))
@examples
def test_two_namings_in_one_file(naming: str, kind: str, seed: int, other: str) -> None:
    if naming == other:
        return
    tensors, theirs = good_file(naming, kind, seed), good_file(other, kind, seed)
    first, second = (NAMINGS[which](_second_module(kind)) for which in (naming, other))
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(f"{first}.")}
    refusal(kept | {name: tensor for name, tensor in theirs.items() if name.startswith(f"{second}.")})


@given(**anything)
@examples
def test_a_module_that_the_base_lacks_is_named(naming: str, kind: str, seed: int) -> None:
    tensors = good_file(naming, kind, seed)
    module = NAMINGS[naming](_second_module(kind))
    renamed = {name.replace(module, f"{module}9"): tensor for name, tensor in tensors.items()}
    assert f"{module}9" in refusal(renamed)


@given(**anything, value=st.sampled_from([0.0, -0.0]))
@examples
def test_an_alpha_of_zero(naming: str, kind: str, seed: int, value: float) -> None:
    tensors = good_file(naming, kind, seed)
    alphas = [name for name in tensors if name.endswith(".alpha")]
    if alphas:
        refusal(tensors | {alphas[0]: np.array(value, np.float32)})


@given(**anything)
@examples
def test_an_alpha_that_only_some_modules_have(naming: str, kind: str, seed: int) -> None:
    tensors = good_file(naming, kind, seed)
    alphas = [name for name in tensors if name.endswith(".alpha")]
    if alphas and kind != "lokr_whole":
        del tensors[alphas[0]]
        assert alphas[0].removesuffix(".alpha") in refusal(tensors)


@given(
    naming=st.sampled_from(sorted(NAMINGS)),
    kinds=st.permutations(["lora", "loha", "lokr", "diff", "ia3_in"]),
)
@examples
def test_two_kinds_in_one_module(naming: str, kinds: list[str]) -> None:
    assert " and " in refusal(good_file(naming, kinds[0], 1) | good_file(naming, kinds[1], 1))


def _second_module(kind: str) -> str:
    shapes = NORMS if kind == "norm" else KERNELS if kind in ON_KERNELS else LINEARS
    return list(shapes)[1].removesuffix(".weight")
