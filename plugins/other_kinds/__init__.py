"""Files that are known and not served; see plugin.py first."""
