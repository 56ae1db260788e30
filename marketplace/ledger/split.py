"""Divides an amount among payees so that not one micro-unit is made or lost (largest remainder)."""

from collections.abc import Mapping, Sequence

WHOLE_BP = 10_000


def allocate(total: int, shares_bp: Mapping[str, int]) -> dict[str, int]:
    """Split `total` (micro-units, not negative) by shares in basis points, which sum to 10,000.

    Each payee gets the exact share rounded down; what is left goes, one unit each, to the largest remainders, ties
    by the payee's name. So the parts sum to the total, and the order in which payees are named changes nothing.
    Raises ValueError for shares that are negative or don't make a whole.
    """
    if sum(shares_bp.values()) != WHOLE_BP:
        raise ValueError("Shares make a whole: they sum to 10,000 basis points.")
    payees = sorted(shares_bp)
    return dict(zip(payees, apportion(total, [shares_bp[payee] for payee in payees]), strict=True))


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """The same by any weights; ties go to whom comes first. No part is larger than its weight where `total` is not.

    Raises ValueError for a total or a weight below zero, and where no weight is above it.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("An amount that is not negative needs weights that are not negative, and one above zero.")
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
