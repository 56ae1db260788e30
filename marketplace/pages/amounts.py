"""Reads amounts of credits as people type them."""

from decimal import Decimal, InvalidOperation

from marketplace.ledger.money import MICRO_PER_CREDIT


def micro_of(credits_: str) -> int:
    """Micro-units; 0, which no price may be, for what is no number or finer than a micro-unit."""
    try:
        micro = Decimal(credits_.strip().replace(",", ".")) * MICRO_PER_CREDIT
    except InvalidOperation:
        return 0
    return int(micro) if micro.is_finite() and micro == micro.to_integral_value() and abs(micro) < 2**60 else 0
