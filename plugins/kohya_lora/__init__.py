"""LoRA files as kohya sd-scripts writes them; see plugin.py first."""
