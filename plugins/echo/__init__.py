"""The smallest engine; see plugin.py first."""
