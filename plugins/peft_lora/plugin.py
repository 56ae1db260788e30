"""The manifest of the adapter formats that peft and diffusers write."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="peft_lora",
    summary="Reads LoRA and DoRA files in peft's and diffusers' naming (....lora_A.weight, ....lora_B.weight).",
    components=[Component("adapter_format", "peft_lora", "plugins.peft_lora.format:PeftLoraFormat")],
)
