"""What a serving worker measures of itself, for Prometheus. measures.py lists it all."""
