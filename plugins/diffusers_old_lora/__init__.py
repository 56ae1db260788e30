"""LoRA files as diffusers wrote them before peft; see plugin.py first."""
