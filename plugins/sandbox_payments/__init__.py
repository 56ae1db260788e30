"""A payment provider for laptops and tests, with real signatures and no real money; see plugin.py first."""
