"""What must go with a picture wherever it goes, by the licences of the styles that made it."""

from marketplace.catalogue.licences import must_be_shared_under
from marketplace.catalogue.selectors import credit_of
from marketplace.generation.models import Generation


def credit_lines(generation: Generation) -> list[str]:
    """A line for each style whose terms ask for one, in the order they were chosen."""
    lines = (credit_of(use.version) for use in generation.adapters.all())
    return [line for line in lines if line]


def shared_under(generation: Generation) -> str:
    """The licence that the picture must be passed on under; "" where its owner is free to choose."""
    return must_be_shared_under(use.version.licence for use in generation.adapters.all())
