"""Money as people read it. Everywhere else it is an integer of micro-units (1e-6 USD)."""

from decimal import Decimal

MICRO_PER_UNIT = 1_000_000
MICRO_PER_CREDIT = 10_000


def format_units(micro: int, least_places: int = 2) -> str:
    """The amount in the currency itself, exactly, with cents or more: "1,250.00", "0.0101". The currency is the caller's to add."""
    whole, _, rest = f"{Decimal(micro) / MICRO_PER_UNIT:,.6f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(least_places, '0')}"


def format_credits(micro: int) -> str:
    """The amount in credits, exactly: "1,250", "12.5", "0.0001". The word "credits" is the caller's to add."""
    return f"{Decimal(micro) / MICRO_PER_CREDIT:,.4f}".rstrip("0").rstrip(".")
