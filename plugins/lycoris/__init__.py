"""Files of LyCORIS' own wrapper; see plugin.py first."""
