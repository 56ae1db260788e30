"""The picture sizes a page offers, within what the base can make."""

from dataclasses import dataclass

from django.utils.translation import gettext

from marketplace.catalogue.models import BaseModel

# Width to height; each keeps about the area of the base's own square.
SHAPES = ((1, 1), (3, 4), (4, 3), (9, 16), (16, 9))


@dataclass(frozen=True)
class Size:
    """In pixels."""

    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def label(self) -> str:
        return gettext("%(width)s × %(height)s") % {"width": self.width, "height": self.height}


def sizes_of(base: BaseModel, multiple: int) -> list[Size]:
    """The base's own square first, then portrait and landscape shapes, then the largest square."""
    sizes = [_shaped(base, multiple, width, height) for width, height in SHAPES]
    sizes.append(Size(_clamped(base, multiple, base.max_side), _clamped(base, multiple, base.max_side)))
    return list(dict.fromkeys(sizes))


def size_named(name: str) -> Size:
    """Raises ValueError for anything but "128x192"."""
    width, _, height = name.partition("x")
    return Size(int(width), int(height))


def _shaped(base: BaseModel, multiple: int, width: int, height: int) -> Size:
    stretch = (width / height) ** 0.5
    return Size(
        _clamped(base, multiple, base.default_side * stretch), _clamped(base, multiple, base.default_side / stretch)
    )


def _clamped(base: BaseModel, multiple: int, side: float) -> int:
    """The nearest multiple of `multiple` between the base's smallest and largest side."""
    low, high = -(-base.min_side // multiple), base.max_side // multiple
    return max(low, min(high, round(side / multiple))) * multiple
