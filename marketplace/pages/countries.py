"""Countries to choose from, by their names in the language of the page."""

from functools import cache

import pycountry
from django.utils.translation import get_language

from marketplace.licences.words import country_name

Choices = list[tuple[str, str]]


def countries(among: tuple[str, ...] = ()) -> Choices:
    """(code, name), by name; all there are if none are named."""
    return [each for each in _countries(get_language() or "en") if not among or each[0] in among]


@cache
def _countries(language: str) -> Choices:  # noqa: ARG001 - names are those of the language in force, which is the key
    named = [(country.alpha_2, country_name(country.alpha_2)) for country in pycountry.countries]
    return sorted(named, key=lambda each: each[1])
