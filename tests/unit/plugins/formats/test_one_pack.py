"""The same adapter under any naming is the same pack, and each naming belongs to exactly one format."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hub.config import plugin_registry
from hub.plugin_api import ADAPTER_FORMAT, ModelLayout, Shape
from hub.tensor_file import parse_header
from marketplace.uploads.header_checks import recognised_format
from plugins.kohya_lora.names import flat_name, sgm_names, sgm_paths
from tests.factories.tensor_files import tensor_file
from tests.serving_jobs import made_into_pack

UNET: dict[str, Shape] = {
    "conv_in.weight": (8, 4, 3, 3),
    "down_blocks.0.resnets.0.conv1.weight": (8, 8, 3, 3),
    "down_blocks.0.resnets.1.conv1.weight": (8, 8, 3, 3),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight": (8, 8),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.weight": (8, 12),
    "time_embedding.linear_1.weight": (16, 8),
    "add_embedding.linear_2.weight": (8, 16),
}
TEXT: dict[str, Shape] = {"encoder.layers.0.self_attn.q_proj.weight": (8, 4)}
TEXT_2: dict[str, Shape] = {"text_model.encoder.layers.0.self_attn.out_proj.weight": (8, 4)}
COMPONENTS = {"unet": UNET, "text_encoder": TEXT, "text_encoder_2": TEXT_2}
LAYOUT = ModelLayout(
    COMPONENTS, {name: frozenset(key.removesuffix(".weight") for key in keys) for name, keys in COMPONENTS.items()}
)
RANK = 2
SGM, SGM_PATHS = sgm_names(LAYOUT.modules("unet")), sgm_paths(LAYOUT.modules("unet"))
OMI = {"unet": "unet.", "text_encoder": "clip_l.", "text_encoder_2": "clip_g."}
DOTTED = {"unet": "lora_unet.", "text_encoder": "lora_te1.", "text_encoder_2": "lora_te2."}
KOHYA_ENDINGS = ("lora_down.weight", "lora_up.weight", "alpha")
PEFT_ENDINGS = ("lora_A.weight", "lora_B.weight", "")
Numbers = NDArray[Any]
Name = Callable[[str, str], str]


def rooted(component: str, path: str) -> str:
    return f"text_model.{path}" if component == "text_encoder" else path


# naming -> the format that reads it, the name of a module, the endings of down, up and alpha
NAMINGS: dict[str, tuple[str, Name, tuple[str, str, str]]] = {
    "kohya, Stability's blocks": (
        "kohya_lora",
        lambda component, path: SGM[path] if component == "unet" else flat_name(component, path),
        KOHYA_ENDINGS,
    ),
    "kohya, diffusers' blocks": ("kohya_lora", flat_name, KOHYA_ENDINGS),
    "OneTrainer, OMI": (
        "onetrainer_lora",
        lambda component, path: OMI[component] + (SGM_PATHS[path] if component == "unet" else rooted(component, path)),
        KOHYA_ENDINGS,
    ),
    "OneTrainer's own state": (
        "onetrainer_lora",
        lambda component, path: DOTTED[component] + rooted(component, path),
        KOHYA_ENDINGS,
    ),
    "diffusers": ("peft_lora", lambda component, path: f"{component}.{rooted(component, path)}", PEFT_ENDINGS),
    "diffusers before peft": (
        "diffusers_old_lora",
        lambda component, path: f"{component}.{rooted(component, path)}",
        ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight", ""),
    ),
}
UNET_ALONE: dict[str, tuple[str, Name, tuple[str, str, str]]] = {
    "LyCORIS' wrapper": ("lycoris", lambda _, path: f"lycoris_{path.replace('.', '_')}", KOHYA_ENDINGS),
    "a PEFT folder": ("peft_lora", lambda _, path: f"base_model.model.{path}", PEFT_ENDINGS),
    "save_lora_adapter": ("peft_lora", lambda _, path: path, PEFT_ENDINGS),
    "save_attn_procs": ("diffusers_old_lora", lambda _, path: path, ("lora.down.weight", "lora.up.weight", "")),
}
EVERY = NAMINGS | UNET_ALONE


def tensors_of(naming: str, components: Mapping[str, Mapping[str, Shape]]) -> dict[str, Numbers]:
    """The same numbers for each module whatever the naming; alpha is the rank, which some namings can't say otherwise."""
    _, name, (down, up, alpha) = EVERY[naming]
    random = np.random.default_rng(3)
    tensors: dict[str, Numbers] = {}
    for component, parameters in components.items():
        for parameter, shape in parameters.items():
            module = name(component, parameter.removesuffix(".weight"))
            ones = (1,) * len(shape[2:])
            tensors[f"{module}.{down}"] = random.normal(size=(RANK, *shape[1:])).astype(np.float16)
            tensors[f"{module}.{up}"] = random.normal(size=(shape[0], RANK, *ones)).astype(np.float16)
            if alpha:
                tensors[f"{module}.{alpha}"] = np.array(RANK, np.float16)
    return tensors


def pack_of(naming: str, components: Mapping[str, Mapping[str, Shape]], folder: Path) -> bytes:
    metadata = {"lora_adapter_metadata": json.dumps({"r": RANK, "lora_alpha": RANK})}
    content = tensor_file(tensors_of(naming, components), metadata if naming in UNET_ALONE else None)
    file = folder / "file.safetensors"
    file.write_bytes(content)
    found = recognised_format(parse_header(content, len(content)), plugin_registry())
    assert found == EVERY[naming][0]
    return made_into_pack(file, folder, plugin_registry().get(ADAPTER_FORMAT, found), LAYOUT).path.read_bytes()


def test_every_naming_gives_the_same_pack(tmp_path: Path) -> None:
    packs = {naming: pack_of(naming, COMPONENTS, tmp_path) for naming in NAMINGS}
    assert set(packs.values()) == {packs["kohya, Stability's blocks"]}


def test_every_naming_of_a_unet_gives_the_same_pack(tmp_path: Path) -> None:
    unet = {"unet": UNET}
    packs = {naming: pack_of(naming, unet, tmp_path) for naming in EVERY}
    assert set(packs.values()) == {packs["kohya, Stability's blocks"]}


@pytest.mark.parametrize(
    ("name", "component", "module"),
    [
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora", "unet", 3),
        ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora", "unet", 3),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora", "unet", 4),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora", "unet", 4),
        ("text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora", "text_encoder", 0),
        ("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer", "text_encoder", 0),
        ("text_encoder_2.text_model.encoder.layers.0.self_attn.to_out_lora", "text_encoder_2", 0),
    ],
)
def test_old_names_of_diffusers(name: str, component: str, module: int) -> None:
    content = tensor_file({f"{name}.{side}.weight": np.zeros((2, 8), np.float16) for side in ("down", "up")})
    header = parse_header(content, len(content))
    plan = plugin_registry().get(ADAPTER_FORMAT, "diffusers_old_lora").plan(header, LAYOUT)
    path = list(COMPONENTS[component])[module].removesuffix(".weight")
    (target,) = plan.low_rank
    assert (target.component, target.module, target.down, target.up) == (
        component,
        path,
        f"{name}.down.weight",
        f"{name}.up.weight",
    )
