"""Batches: up to a thousand images ordered as one, each paid and delivered by itself."""
