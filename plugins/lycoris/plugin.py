"""The manifest of the adapter format that LyCORIS' own wrapper writes."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="lycoris",
    summary="Reads adapters of LyCORIS' own wrapper around a UNet (lycoris_...): LoRA, LoHa, LoKr, (IA)3, diff, norm, DoRA.",
    components=[Component("adapter_format", "lycoris", "plugins.lycoris.format:LycorisFormat")],
)
