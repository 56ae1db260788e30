"""Adapters from an uploaded file to a canonical pack, to this machine's disk, to an engine."""
