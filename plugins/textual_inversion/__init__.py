"""Vectors for words of the prompt; see plugin.py first."""
