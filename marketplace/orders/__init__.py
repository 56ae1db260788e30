"""Buying credits: checkouts at a payment provider, and its webhooks."""
