"""Assigns the tensors of a file of LyCORIS' wrapper to the UNet that was wrapped. Source: LyCORIS wrapper.py."""

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig
from hub.tensor_file import FileHeader
from plugins.kohya_lora.places import adaptable, planned

PREFIX = "lycoris_"
COMPONENT = "unet"


class LycorisFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.startswith(PREFIX) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        # A wrapped text encoder writes the same prefix and doesn't say which of the two it was: no place, so refused.
        places = {PREFIX + path.replace(".", "_"): (COMPONENT, path) for path in adaptable(layout, COMPONENT)}
        return planned(header, layout, places, "the naming of LyCORIS' wrapper around a UNet")
