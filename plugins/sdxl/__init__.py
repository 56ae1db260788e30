"""SDXL and every base with its architecture; see plugin.py first."""
