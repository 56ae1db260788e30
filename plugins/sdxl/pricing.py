"""The published price of SDXL's computation."""

from math import ceil

MINIMUM_MICRO = 100  # 0.01 credit
MICRO_PER_CREDIT = 10_000


def compute_price(width: int, height: int, steps: int) -> int:
    """Price in micro-units (1e-6 USD), at least 0.01 credit.

    DreamStudio's formula for XL models, in credits: (w x h - 169527) x steps / 30 x 5.4e-8 x 100.
    """
    credits_ = (width * height - 169_527) * steps / 30 * 5.4e-8 * 100
    return max(MINIMUM_MICRO, ceil(round(credits_ * MICRO_PER_CREDIT, 6)))
