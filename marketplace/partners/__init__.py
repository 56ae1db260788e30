"""Licensing by partners: agreements, grants, signed receipts, reports, revocations."""
