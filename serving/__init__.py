"""The GPU tier: engines, adapters and the loop that runs them. Never imports Django."""
