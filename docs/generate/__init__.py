"""Writes docs/reference/ and .env.example from the code, so that they can't say anything else."""
