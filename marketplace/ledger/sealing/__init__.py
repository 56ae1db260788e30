"""Chains what was posted in signed blocks, so that a change of the past shows. See docs/explanation/proofs.md."""
