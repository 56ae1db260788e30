"""The names that diffusers gave to the halves of a pair before it used peft.

Source: diffusers utils/state_dict_utils.py, which lists the old endings, and `save_attn_procs`, which wrote no prefix.
"""

import re
from dataclasses import dataclass
from typing import Literal

PREFIXES = {"unet.": "unet", "text_encoder.": "text_encoder", "text_encoder_2.": "text_encoder_2"}
# UNet attention before 0.20: the projections' halves lay in the processor. Text encoders borrowed its names.
PROJECTION = re.compile(r"(?P<path>.+?)(\.processor)?\.(?P<projection>to_(q|k|v|out))_lora\.(?P<side>down|up)\.weight")
LAYER = re.compile(r"(?P<path>.+)\.(lora|lora_linear_layer)\.(?P<side>down|up)\.weight")
IN_UNET = {"to_q": "to_q", "to_k": "to_k", "to_v": "to_v", "to_out": "to_out.0"}
IN_TEXT = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}


@dataclass(frozen=True)
class Half:
    """One tensor's place: `prefix` is "" in files that name no component, which are a UNet's."""

    prefix: str
    component: str
    path: str
    side: Literal["down", "up"]


def half_of(tensor: str) -> Half | None:
    """What the name says, or None where it is none of this format's."""
    prefix = next((prefix for prefix in PREFIXES if tensor.startswith(prefix)), "")
    component = PREFIXES.get(prefix, "unet")
    name = tensor.removeprefix(prefix)
    if match := PROJECTION.fullmatch(name):
        names = IN_UNET if component == "unet" else IN_TEXT
        return Half(prefix, component, f"{match['path']}.{names[match['projection']]}", _side(match))
    if match := LAYER.fullmatch(name):
        return Half(prefix, component, match["path"], _side(match))
    return None


def _side(match: re.Match[str]) -> Literal["down", "up"]:
    return "down" if match["side"] == "down" else "up"
