"""The manifest of the adapter format that kohya's sd-scripts writes."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="kohya_lora",
    summary="Reads LoRA, LoHa, LoKr, (IA)3, diff, norm and DoRA in kohya's naming (lora_unet_..., lora_te1_..., lora_te2_...).",
    components=[Component("adapter_format", "kohya_lora", "plugins.kohya_lora.format:KohyaLoraFormat")],
)
