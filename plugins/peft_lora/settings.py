"""Reads the LoraConfig that diffusers stores in a file's metadata: the only place where alpha is written down.

Patterns are regular expressions in peft. They come from a stranger here, so only plain module names are taken; a real
expression is refused rather than run.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from hub.plugin_api import UnsupportedFileError

METADATA_KEY = "lora_adapter_metadata"
PLAIN = re.compile(r"[A-Za-z0-9_.]{1,200}")


def _plain(name: str) -> str:
    if not PLAIN.fullmatch(name):
        raise ValueError("is an expression, not a module name")
    return name


Patterned = Mapping[Annotated[str, AfterValidator(_plain)], float]


class LoraSettings(BaseModel, frozen=True, extra="ignore", allow_inf_nan=False):
    """One component's LoraConfig, as far as it changes the picture; the rest of it steers training."""

    r: int = Field(default=0, ge=0)
    lora_alpha: float | None = None
    alpha_pattern: Patterned = {}
    rank_pattern: Patterned = {}
    use_rslora: bool = False
    use_dora: bool = False
    fan_in_fan_out: bool = False
    lora_bias: bool = False

    def alpha(self, module: str, rank: int) -> float | None:
        """The alpha for which alpha / rank is what peft scales by; None where the file says nothing.

        Source: peft tuners/lora/layer.py update_layer; rank-stabilised LoRA divides by the root of the rank.
        """
        alpha = _by_pattern(self.alpha_pattern, module, self.lora_alpha)
        return alpha * rank**0.5 if alpha is not None and self.use_rslora else alpha

    def rank(self, module: str) -> int:
        """What the rank should be; 0 where the file says nothing."""
        return int(_by_pattern(self.rank_pattern, module, self.r) or 0)


def read_settings(metadata: Mapping[str, str], component: str, *, alone: bool = False) -> LoraSettings:
    """The component's settings, or empty ones; those of a model saved `alone` name no component.

    Raises UnsupportedFileError for what would be served wrongly.
    """
    try:
        values = json.loads(metadata.get(METADATA_KEY, "{}"))
        settings = LoraSettings.model_validate(_of_component(values, component, alone=alone))
    except (json.JSONDecodeError, RecursionError, ValidationError, AttributeError) as error:
        raise UnsupportedFileError(
            "bad_metadata", f"The metadata entry {METADATA_KEY} can't be read. Save the file again with diffusers."
        ) from error
    if settings.fan_in_fan_out or settings.lora_bias:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"The {component} part is stored transposed or has biases of its own, which is not served. "
            "Save it without fan_in_fan_out and lora_bias.",
        )
    return settings


def _of_component(values: dict[str, Any], component: str, *, alone: bool) -> dict[str, Any]:
    prefix = f"{component}."
    own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    if alone and not own:
        own = values
    # LoHa's and LoKr's settings call it alpha.
    named = {"lora_alpha" if name == "alpha" else name: value for name, value in own.items()}
    return {name: value for name, value in named.items() if value is not None}


def _by_pattern(patterns: Mapping[str, float], module: str, default: float | None) -> float | None:
    """peft takes the first pattern that the module's path ends with, at a dot."""
    return next((value for name, value in patterns.items() if f".{module}".endswith(f".{name}")), default)
