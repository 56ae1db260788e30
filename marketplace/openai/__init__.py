"""OpenAI's images API at /v1/: programs written for it work with another address and key."""
