"""Refuses prompts that hold a listed word; see plugin.py first."""
