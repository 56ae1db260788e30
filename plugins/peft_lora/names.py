"""The names that peft and diffusers give to the tensors of a LoRA."""

from collections.abc import Iterable, Mapping
from itertools import chain

from hub.plugin_api import UnsupportedFileError, some

DOWN, UP, ALPHA = ".lora_A.weight", ".lora_B.weight", ".alpha"
MAGNITUDES = (".lora_magnitude_vector", ".lora_magnitude_vector.weight")
# What names begin with -> the component. A pipeline's file names its models; a PEFT folder and a model's own
# save_lora_adapter hold one model, and that is the UNet.
PIPELINE = {"unet.": "unet", "text_encoder.": "text_encoder", "text_encoder_2.": "text_encoder_2"}
FOLDER = {"base_model.model.": "unet"}
BARE = {"": "unet"}
NAMINGS: tuple[Mapping[str, str], ...] = (PIPELINE, FOLDER, BARE)
# What else peft trains; its alpha stands in adapter_config.json, beside the file.
UNSERVED = {
    ".ia3_": "(IA)3 in peft's naming",
    ".oft_": "OFT",
    ".boft_": "BOFT",
    ".vera_": "VeRA",
    ".lora_embedding_": "LoRA on an embedding",
    ".lora_B.bias": "LoRA with a bias (lora_bias)",
    ".modules_to_save.": "whole modules (modules_to_save)",
}


def naming_of(names: Iterable[str]) -> Mapping[str, str]:
    """The one naming that all names have. Raises UnsupportedFileError, listing some of each, for several."""
    found: dict[int, list[str]] = {}
    for name in sorted(names):
        which = next(index for index, naming in enumerate(NAMINGS) if name.startswith(tuple(naming)))
        found.setdefault(which, []).append(name)
    if len(found) > 1:
        raise UnsupportedFileError(
            "mixed_names",
            "This file mixes namings, so no trainer wrote it as it is: "
            f"{' and '.join(some(listed) for listed in found.values())}. Export it again.",
            chain.from_iterable(found.values()),
        )
    return NAMINGS[next(iter(found))]


def split(name: str, naming: Mapping[str, str]) -> tuple[str, str]:
    """Component and path of a module."""
    prefix = next(prefix for prefix in naming if name.startswith(prefix))
    return naming[prefix], name.removeprefix(prefix)
