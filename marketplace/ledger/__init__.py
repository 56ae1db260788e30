"""Double entry in integer micro-units: append-only, every transaction sums to zero."""
