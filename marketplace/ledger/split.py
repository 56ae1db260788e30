"""Divides an amount among payees so that not one micro-unit is made or lost (largest remainder)."""

from collections.abc import Mapping

WHOLE_BP = 10_000


def allocate(total: int, shares_bp: Mapping[str, int]) -> dict[str, int]:
    """Split `total` (micro-units, not negative) by shares in basis points, which sum to 10,000.

    Each payee gets the exact share rounded down; what is left goes, one unit each, to the largest remainders, ties
    by the payee's name. So the parts sum to the total, and the order in which payees are named changes nothing.
    Raises ValueError for shares that are negative or don't make a whole.
    """
    if total < 0 or any(share < 0 for share in shares_bp.values()) or sum(shares_bp.values()) != WHOLE_BP:
        raise ValueError(
            "An amount that is not negative needs shares that are not negative and sum to 10,000 basis points."
        )
    parts = {payee: total * share // WHOLE_BP for payee, share in shares_bp.items()}
    left = total - sum(parts.values())
    for payee in sorted(shares_bp, key=lambda name: (-(total * shares_bp[name] % WHOLE_BP), name))[:left]:
        parts[payee] += 1
    return parts
