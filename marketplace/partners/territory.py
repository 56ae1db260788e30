"""Where something may be used: ISO 3166-1 alpha-2 codes, of which none means everywhere. Pure."""

from collections.abc import Iterable, Sequence

import pycountry

Territory = tuple[str, ...]


def codes_of(codes: Iterable[object]) -> Territory | None:
    """In order, each once; None where something is no country's code."""
    found = list(codes)
    if not all(isinstance(code, str) and _is_country(code) for code in found):
        return None
    return tuple(sorted({str(code) for code in found}))


def within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    return not outer or (bool(inner) and set(inner) <= set(outer))


def common(one: Sequence[str], other: Sequence[str]) -> Territory | None:
    """Where both hold; None where they share nothing."""
    if not one or not other:
        return tuple(sorted(one or other))
    return tuple(sorted(set(one) & set(other))) or None


def _is_country(code: str) -> bool:
    # The look-up itself takes small letters, too.
    return code.isupper() and pycountry.countries.get(alpha_2=code) is not None
