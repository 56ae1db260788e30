import numpy as np
import pytest
import torch

from training.captions import BACKGROUNDS
from training.measures import background_of, lab, ranks, share_within
from training.pixels import on_background

REFERENCES = torch.eye(4)


def test_a_place_counts_the_references_that_are_nearer_than_the_wanted_one() -> None:
    drawn = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.6, 0.8, 0.0, 0.1]])
    places = ranks(drawn, [REFERENCES, REFERENCES], [0, 3])
    assert places.tolist() == [0, 2]
    assert [share_within(places, first) for first in (1, 2, 3)] == [50.0, 50.0, 100.0]


def test_every_named_background_is_told_from_the_others_around_a_drawing() -> None:
    drawing = np.zeros((128, 128, 4), dtype=np.uint8)
    drawing[20:108, 20:108] = (10, 200, 30, 255)
    pictures = np.stack([on_background(drawing, background.rgb) for background in BACKGROUNDS])
    assert background_of(pictures).tolist() == list(range(len(BACKGROUNDS)))


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.20))],
)
def test_lab_of_known_colours(rgb: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    assert lab(np.asarray(rgb, dtype=np.float64)) == pytest.approx(np.asarray(expected), abs=0.05)
