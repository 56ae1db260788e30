"""What the hub's API costs: one order, many who watch, a batch."""
