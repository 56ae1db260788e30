"""The manifest of the adapter format that OneTrainer writes in its OMI layout."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="onetrainer_lora",
    summary="Reads adapters in OneTrainer's OMI layout (unet...., clip_l...., clip_g....), with kohya's endings.",
    components=[Component("adapter_format", "onetrainer_lora", "plugins.onetrainer_lora.format:OneTrainerFormat")],
)
