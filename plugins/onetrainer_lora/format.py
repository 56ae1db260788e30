"""Assigns tensors with dotted module paths and kohya's endings to the base's modules.

OneTrainer's OMI layout has Stability's paths below unet., clip_l. and clip_g.; its own state has diffusers' below
lora_unet., lora_te1. and lora_te2. Source: OneTrainer modules/util/convert/lora/convert_sdxl_lora.py.
"""

from collections.abc import Iterator

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig, UnsupportedFileError, some
from hub.tensor_file import FileHeader
from plugins.kohya_lora.kinds import KINDS, split_name
from plugins.kohya_lora.names import rooted, sgm_paths
from plugins.kohya_lora.places import Place, adaptable, planned, refuse_mixed_blocks

PREFIXES = (
    {"unet": "unet.", "text_encoder": "clip_l.", "text_encoder_2": "clip_g."},
    {"unet": "lora_unet.", "text_encoder": "lora_te1.", "text_encoder_2": "lora_te2."},
)
# `on_input` tells (IA)3; its other ending, `weight`, stands in every file there is.
TELLING = frozenset(ending for kind in KINDS for ending in kind.telling)


class OneTrainerFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        prefixes = tuple(prefix for family in PREFIXES for prefix in family.values())
        return any(name.startswith(prefixes) and split_name(name)[1] in TELLING for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        family = _family(header)
        unet = [name.removeprefix(family["unet"]) for name in header.tensors if name.startswith(family["unet"])]
        refuse_mixed_blocks(unet)
        return planned(header, layout, dict(_places(layout, family)), "OneTrainer's naming")


def _family(header: FileHeader) -> dict[str, str]:
    """The prefixes of this file. Raises UnsupportedFileError where it has both kinds."""
    named = [[name for name in header.tensors if name.startswith(tuple(family.values()))] for family in PREFIXES]
    if all(named):
        raise UnsupportedFileError(
            "mixed_names",
            f"This file names some modules as {some(named[0])} and some as {some(named[1])}, so no trainer wrote it as it "
            "is. Export it again.",
            [*named[0], *named[1]],
        )
    return PREFIXES[0] if named[0] else PREFIXES[1]


def _places(layout: ModelLayout, family: dict[str, str]) -> Iterator[tuple[str, Place]]:
    for component, prefix in family.items():
        paths = adaptable(layout, component)
        for path in paths:
            yield prefix + rooted(component, path), (component, path)
        if component == "unet":
            for path, sgm in sgm_paths(paths).items():
                yield prefix + sgm, (component, path)
