"""Assigns the tensors of a file in kohya's naming to the base's modules by looking their names up."""

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig
from hub.tensor_file import FileHeader
from plugins.kohya_lora.names import TEXT_PREFIXES, UNET_PREFIX, kohya_names
from plugins.kohya_lora.places import adaptable, planned, refuse_mixed_blocks

PREFIXES = (UNET_PREFIX, *TEXT_PREFIXES.values(), "lora_te_")


class KohyaLoraFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.startswith(PREFIXES) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        unet = [name.removeprefix(UNET_PREFIX) for name in header.tensors if name.startswith(UNET_PREFIX)]
        refuse_mixed_blocks(unet)
        places = {
            name: (component, module)
            for component in layout.components
            for name, module in kohya_names(component, adaptable(layout, component)).items()
        }
        return planned(header, layout, places, "kohya's naming")
