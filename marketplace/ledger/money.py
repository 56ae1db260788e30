"""Money as people read it. Everywhere else it is an integer of micro-units (1e-6 USD)."""

from decimal import Decimal

MICRO_PER_UNIT = 1_000_000
MICRO_PER_CREDIT = 10_000


def format_credits(micro: int) -> str:
    """The amount in credits, exactly: "1,250", "12.5", "0.0001". The word "credits" is the caller's to add."""
    return f"{Decimal(micro) / MICRO_PER_CREDIT:,.4f}".rstrip("0").rstrip(".")
