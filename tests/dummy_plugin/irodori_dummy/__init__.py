"""A plugin with one component for every extension point; see plugin.py first."""
