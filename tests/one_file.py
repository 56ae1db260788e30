"""Writes a pipeline as one file in Stability's layout, as the files in the wild are: the way back from what diffusers reads."""

import re
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModelWithProjection

from plugins.kohya_lora.names import sgm_paths
from plugins.sdxl.tiny_base import TEXT_WIDTH, TIME_ID_WIDTH, TIME_IDS, build
from plugins.sdxl.tiny_base import UNET as SMALL_UNET

WIDE = 128
State = dict[str, torch.Tensor]
UNET, VAE = "model.diffusion_model.", "first_stage_model."
FIRST, SECOND = "conditioner.embedders.0.transformer.text_model.", "conditioner.embedders.1.model."

VAE_NAMES = (
    (r"mid_block\.resnets\.0\.", "mid.block_1."),
    (r"mid_block\.resnets\.1\.", "mid.block_2."),
    (r"mid_block\.attentions\.0\.", "mid.attn_1."),
    (r"attn_1\.group_norm\.", "attn_1.norm."),
    (r"attn_1\.to_(q|k|v)\.", r"attn_1.\1."),
    (r"attn_1\.to_out\.0\.", "attn_1.proj_out."),
    (r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block."),
    (r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"conv_shortcut", "nin_shortcut"),
    (r"conv_norm_out", "norm_out"),
)
OPEN_CLIP_NAMES = (
    (r"^embeddings\.token_embedding\.weight", "token_embedding.weight"),
    (r"^embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^final_layer_norm", "ln_final"),
    (r"^encoder\.layers\.", "transformer.resblocks."),
    (r"layer_norm1", "ln_1"),
    (r"layer_norm2", "ln_2"),
    (r"mlp\.fc1", "mlp.c_fc"),
    (r"mlp\.fc2", "mlp.c_proj"),
    (r"self_attn\.out_proj", "attn.out_proj"),
)
PROJECTION = re.compile(r"(?P<layer>.+)\.self_attn\.q_proj\.(?P<kind>weight|bias)")


def two_widths() -> Any:
    """The small base with encoders of two widths, as SDXL's: diffusers tells them apart in a file by these."""
    made = build(seed=0)
    config = made.text_encoder_2.config
    config.hidden_size, config.intermediate_size, config.projection_dim = WIDE, 2 * WIDE, WIDE
    told = {
        "cross_attention_dim": TEXT_WIDTH + WIDE,
        "projection_class_embeddings_input_dim": WIDE + TIME_IDS * TIME_ID_WIDTH,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made.text_encoder_2 = CLIPTextModelWithProjection(config)
        made.unet = UNet2DConditionModel(**SMALL_UNET | told)
        # As in the small base itself, so that its pictures depend on prompt and steps.
        made.unet.conv_out.weight.data *= 2
    return made


def write_one_file(pipeline: Any, path: Path) -> Path:
    blocks = len(pipeline.vae.config.block_out_channels)
    alone = pipeline.text_encoder is None  # A refiner has the second encoder in the first one's place.
    first = {} if alone else pipeline.text_encoder.state_dict()
    second = SECOND.replace("1", "0") if alone else SECOND
    tensors = {
        **{UNET + name: own for name, own in _unet(pipeline.unet.state_dict()).items()},
        **{VAE + name: own for name, own in _vae(pipeline.vae.state_dict(), blocks).items()},
        **{FIRST + name.removeprefix("text_model."): own for name, own in first.items()},
        **{second + name: own for name, own in _open_clip(pipeline.text_encoder_2.state_dict()).items()},
    }
    save_file({name: own.contiguous() for name, own in tensors.items()}, path)
    return path


def _unet(state: State) -> State:
    modules = {name.rpartition(".")[0] for name in state}
    paths = sgm_paths(modules)
    return {f"{paths[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": own for name, own in state.items()}


def _vae(state: State, blocks: int) -> State:
    found = {}
    for name, own in state.items():
        renamed = _renamed(name, VAE_NAMES)
        # Stability counts the decoder's blocks from the picture's side.
        renamed = re.sub(r"up_blocks\.(\d+)\.resnets\.", lambda m: f"up.{blocks - 1 - int(m[1])}.block.", renamed)
        renamed = re.sub(
            r"up_blocks\.(\d+)\.upsamplers\.0\.", lambda m: f"up.{blocks - 1 - int(m[1])}.upsample.", renamed
        )
        found[renamed] = own[..., None, None] if "attn_1" in renamed and own.ndim == 2 else own
    return found


def _open_clip(state: State) -> State:
    found = {}
    for name, own in state.items():
        path = name.removeprefix("text_model.")
        if match := PROJECTION.fullmatch(path):
            parts = [state[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
            found[f"{_renamed(match['layer'], OPEN_CLIP_NAMES)}.attn.in_proj_{match['kind']}"] = torch.cat(parts)
        elif name == "text_projection.weight":
            found["text_projection"] = own.T
        elif "k_proj" not in name and "v_proj" not in name:
            found[_renamed(path, OPEN_CLIP_NAMES)] = own
    return found


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name
