from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.models import BaseModel
from marketplace.pages.forms.sizes import Size, size_named, sizes_of


def base(least: int, default: int, most: int) -> BaseModel:
    return BaseModel(title="Base", min_side=least, default_side=default, max_side=most)


def test_the_base_s_own_square_comes_first() -> None:
    assert sizes_of(base(64, 128, 256), 8) == [
        Size(128, 128),
        Size(112, 144),
        Size(144, 112),
        Size(96, 168),
        Size(168, 96),
        Size(256, 256),
    ]


@given(st.lists(st.integers(1, 512), min_size=3, max_size=3).map(sorted), st.sampled_from([1, 8, 16, 64]))
def test_every_size_offered_can_be_made(sides: list[int], multiple: int) -> None:
    least, default, most = (side * multiple for side in sides)
    for size in sizes_of(base(least, default, most), multiple):
        for side in (size.width, size.height):
            assert least <= side <= most
            assert side % multiple == 0
        assert size_named(size.name) == size
