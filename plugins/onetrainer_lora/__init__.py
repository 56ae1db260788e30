"""Adapters with dotted module paths and kohya's endings; see plugin.py first."""
