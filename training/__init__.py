"""The recipe of the small base that ships: from openly licensed artwork to weights and style adapters."""
