"""The manifest of the adapter formats that peft and diffusers write."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="peft_lora",
    summary="Reads LoRA and DoRA in peft's and diffusers' naming (....lora_A.weight), and LoHa and LoKr of a PEFT folder.",
    components=[Component("adapter_format", "peft_lora", "plugins.peft_lora.format:PeftLoraFormat")],
)
