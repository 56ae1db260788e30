"""The manifest of the adapter format that diffusers wrote before it used peft."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="diffusers_old_lora",
    summary="Reads LoRA files that diffusers wrote before it used peft (....processor.to_q_lora.down.weight).",
    components=[Component("adapter_format", "diffusers_old_lora", "plugins.diffusers_old_lora.format:OldLoraFormat")],
)
