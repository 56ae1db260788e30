"""What the hub announces about a style, to its creator."""

from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import StyleVersion
from marketplace.events import EventData, Kind, announce


class StyleChanged(EventData):
    style: str
    """The style's name in addresses."""
    title: str
    """What people call it."""
    version: int
    """The version's id."""
    number: int
    """Which version of the style it is, from 1."""


EXAMPLE = StyleChanged(style="washed-ink", title="Washed Ink", version=12, number=2)
PUBLISHED = Kind("style.published", _("A version of a style of yours is on offer."), StyleChanged, EXAMPLE)
WITHDRAWN = Kind("style.withdrawn", _("A version of a style of yours is no longer on offer."), StyleChanged, EXAMPLE)
KINDS = (PUBLISHED, WITHDRAWN)


def announce_published(version: StyleVersion) -> None:
    announce(PUBLISHED.event(version.style.creator_id, _data(version)))


def announce_withdrawn(version: StyleVersion) -> None:
    announce(WITHDRAWN.event(version.style.creator_id, _data(version)))


def _data(version: StyleVersion) -> StyleChanged:
    style = version.style
    return StyleChanged(style=style.slug, title=style.title, version=version.pk, number=version.number)
