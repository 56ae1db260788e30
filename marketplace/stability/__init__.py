"""Stability's REST API, version 1, at /v1/: programs written for it work with another address and key."""
