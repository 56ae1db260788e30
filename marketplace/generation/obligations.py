"""What must go with a picture wherever it goes, by the licences of the styles that made it."""

from marketplace.catalogue.licences import credit_line, must_be_shared_under
from marketplace.generation.models import Generation


def credit_lines(generation: Generation) -> list[str]:
    """A line for each style whose licence asks for one, in the order they were chosen."""
    lines = (
        credit_line(
            licence=use.version.licence,
            title=use.version.style.title,
            creator=use.version.style.creator.display_name,
            attribution=use.version.attribution,
        )
        for use in generation.adapters.all()
    )
    return [line for line in lines if line]


def shared_under(generation: Generation) -> str:
    """The licence that the picture must be passed on under; "" where its owner is free to choose."""
    return must_be_shared_under(use.version.licence for use in generation.adapters.all())
