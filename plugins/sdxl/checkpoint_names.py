"""Where a checkpoint in one file, in Stability's own layout, has the parameters of each component."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hub.plugin_api import ModelLayout, Shape, View
from plugins.kohya_lora.names import rooted, sgm_paths

PREFIXES = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "text_encoder": "conditioner.embedders.0.transformer.",
    "text_encoder_2": "conditioner.embedders.1.model.",
}
Rules = tuple[tuple[str, str], ...]
VAE_NAMES: Rules = (
    (r"mid_block\.resnets\.0\.", "mid.block_1."),
    (r"mid_block\.resnets\.1\.", "mid.block_2."),
    (r"mid_block\.attentions\.0\.group_norm\.", "mid.attn_1.norm."),
    (r"mid_block\.attentions\.0\.to_out\.0\.", "mid.attn_1.proj_out."),
    (r"mid_block\.attentions\.0\.to_(q|k|v)\.", r"mid.attn_1.\1."),
    (r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block."),
    (r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"conv_shortcut", "nin_shortcut"),
    (r"conv_norm_out", "norm_out"),
)
VAE_UP = re.compile(r"up_blocks\.(\d+)\.(resnets|upsamplers\.0)\.")
# The second text encoder is OpenCLIP's, which has query, key and value in one.
OPEN_CLIP_NAMES: Rules = (
    (r"^text_model\.", ""),
    (r"^embeddings\.token_embedding\.", "token_embedding."),
    (r"^embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^final_layer_norm\.", "ln_final."),
    (r"^encoder\.layers\.", "transformer.resblocks."),
    (r"\.layer_norm(1|2)\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
    (r"\.self_attn\.[qkv]_proj\.", ".attn.in_proj_"),
    (r"^text_projection\.weight$", "text_projection"),
)
OPEN_CLIP_VIEWS: tuple[tuple[str, View], ...] = (
    (".self_attn.q_proj.", "first"),
    (".self_attn.k_proj.", "middle"),
    (".self_attn.v_proj.", "last"),
)


@dataclass(frozen=True)
class Place:
    """A tensor of the file, and what of it is the parameter."""

    name: str
    view: View = "whole"


def checkpoint_places(layout: ModelLayout, shapes: Mapping[str, Shape]) -> dict[str, dict[str, Place]]:
    """Component -> parameter -> its place in a file that has tensors of these shapes, whether it has that one or not."""
    makers: dict[str, Callable[[Iterable[str]], dict[str, Place]]] = {
        "unet": _unet,
        "vae": _vae,
        "text_encoder": _first,
        "text_encoder_2": _second,
    }
    found: dict[str, dict[str, Place]] = {}
    for component, maker in makers.items():
        prefix, parameters = PREFIXES[component], layout.components.get(component, {})
        places = {parameter: Place(prefix + own.name, own.view) for parameter, own in maker(parameters).items()}
        found[component] = {
            parameter: _as_matrix(place, parameters[parameter], shapes.get(place.name))
            for parameter, place in places.items()
        }
    return found


def _as_matrix(place: Place, wanted: Shape, found: Shape | None) -> Place:
    """The autoencoder's attention is made of 1 x 1 convolutions in most files."""
    return Place(place.name, "matrix") if found == (*wanted, 1, 1) and len(wanted) == 2 else place


def _unet(parameters: Iterable[str]) -> dict[str, Place]:
    names = list(parameters)
    paths = sgm_paths({name.rpartition(".")[0] for name in names})
    split = {name: name.rpartition(".") for name in names}
    return {name: Place(f"{paths[module]}.{last}") for name, (module, _, last) in split.items() if module in paths}


def _vae(parameters: Iterable[str]) -> dict[str, Place]:
    names = list(parameters)
    blocks = 1 + max((int(match[1]) for name in names if (match := VAE_UP.search(name))), default=0)

    def up(match: re.Match[str]) -> str:
        """Stability counts the decoder's blocks from the picture's side."""
        return f"up.{blocks - 1 - int(match[1])}.{'block' if match[2] == 'resnets' else 'upsample'}."

    return {name: Place(VAE_UP.sub(up, _renamed(name, VAE_NAMES))) for name in names}


def _first(parameters: Iterable[str]) -> dict[str, Place]:
    return {name: Place(rooted("text_encoder", name)) for name in parameters}


def _second(parameters: Iterable[str]) -> dict[str, Place]:
    return {name: Place(_renamed(name, OPEN_CLIP_NAMES), _open_clip_view(name)) for name in parameters}


def _open_clip_view(name: str) -> View:
    if name == "text_projection.weight":
        return "turned"
    return next((view for part, view in OPEN_CLIP_VIEWS if part in name), "whole")


def _renamed(name: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name
