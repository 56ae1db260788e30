"""The names that kohya's sd-scripts gives to the modules of SDXL.

kohya trains SDXL on Stability's own UNet ("sgm"), whose blocks are numbered in one row: input_blocks 0 is conv_in, then
each down block's resnets (with attention where it has one) and its downsampler; output_blocks likewise upwards.
Source: sd-scripts library/sdxl_original_unet.py and networks/lora.py.
"""

import re
from collections.abc import Iterable

UNET_PREFIX = "lora_unet_"
TEXT_PREFIXES = {"text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}
# What a UNet module's flattened path begins with in either naming; none of them begins one of the other's.
SGM_NAMES = ("input_blocks_", "middle_block_", "output_blocks_", "time_embed_", "label_emb_", "out_")
DIFFUSERS_NAMES = ("down_blocks_", "mid_block_", "up_blocks_", "time_embedding_", "add_embedding_", "conv_")

OUTSIDE_BLOCKS = {
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
INSIDE_RESNETS = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
MIDDLE = re.compile(r"mid_block\.(?P<kind>resnets|attentions)\.(?P<index>\d+)\.(?P<rest>.+)")
BLOCK = re.compile(
    r"(?P<side>down|up)_blocks\.(?P<block>\d+)\.(?P<kind>resnets|attentions|downsamplers|upsamplers)"
    r"\.(?P<index>\d+)\.(?P<rest>.+)"
)


def kohya_names(component: str, modules: Iterable[str]) -> dict[str, str]:
    """Every name that kohya's trainers use for the modules of a component -> the module."""
    paths = list(modules)
    if component == "unet":
        return {flat_name("unet", path): path for path in paths} | {sgm: path for path, sgm in sgm_names(paths).items()}
    if component in TEXT_PREFIXES:
        return {flat_name(component, path): path for path in paths}
    return {}


def flat_name(component: str, path: str) -> str:
    """A module's own path, flattened as kohya's trainers do."""
    prefix = UNET_PREFIX if component == "unet" else TEXT_PREFIXES[component]
    return prefix + _flat(rooted(component, path))


def rooted(component: str, path: str) -> str:
    """A module's path as files have it: transformers 5 dropped `text_model.` from one encoder's own paths."""
    if component == "unet" or path.startswith(("text_model.", "text_projection")):
        return path
    return f"text_model.{path}"


def sgm_names(modules: Iterable[str]) -> dict[str, str]:
    """UNet module -> its name in a file that sd-scripts trained on SDXL."""
    return {path: UNET_PREFIX + _flat(sgm) for path, sgm in sgm_paths(modules).items()}


def sgm_paths(modules: Iterable[str]) -> dict[str, str]:
    """UNet module -> its path in Stability's UNet."""
    paths = list(modules)
    row = _resnets_per_block(paths) + 1
    return {path: sgm for path in paths if (sgm := sgm_path(path, row))}


def sgm_path(path: str, row: int) -> str | None:
    """The sgm path of a UNet module, or None where diffusers has no other name for it.

    `row` is how many numbers a block takes: its resnets and one for its sampler, 3 in SDXL.
    """
    if path in OUTSIDE_BLOCKS:
        return OUTSIDE_BLOCKS[path]
    if match := MIDDLE.fullmatch(path):
        place = 2 * int(match["index"]) if match["kind"] == "resnets" else 1
        return f"middle_block.{place}.{_inside(match['kind'], match['rest'])}"
    if match := BLOCK.fullmatch(path):
        return _block_path(match, row)
    return None


def _block_path(match: re.Match[str], row: int) -> str:
    kind, index, first = match["kind"], int(match["index"]), int(match["block"]) * row
    match match["side"], kind:
        case _, "downsamplers":
            return f"input_blocks.{first + row}.0.op"
        case _, "upsamplers":
            return f"output_blocks.{first + row - 1}.2.{match['rest']}"
        case "down", _:
            number = f"input_blocks.{1 + first + index}"
        case _:
            number = f"output_blocks.{first + index}"
    return f"{number}.{0 if kind == 'resnets' else 1}.{_inside(kind, match['rest'])}"


def _inside(kind: str, rest: str) -> str:
    return INSIDE_RESNETS.get(rest, rest) if kind == "resnets" else rest


def _resnets_per_block(paths: Iterable[str]) -> int:
    first_block = re.compile(r"down_blocks\.0\.resnets\.(\d+)\.")
    return 1 + max((int(match[1]) for path in paths if (match := first_block.match(path))), default=1)


def _flat(path: str) -> str:
    return path.replace(".", "_")
