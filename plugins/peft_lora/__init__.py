"""LoRA files as peft and diffusers write them; see plugin.py first."""
