"""Whether a picture shows what its prompt asked for: content, background and look. Pure functions."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.captions import BACKGROUNDS
from training.pixels import Pixels

BORDER = 4  # the outermost pixels, which no drawing touches


def ranks(drawn: Tensor, references: list[Tensor], wanted: list[int]) -> NDArray[np.int64]:
    """For each picture, how many references are nearer than the wanted one; 0 is a hit at the first place.

    `references[i]` is what picture i is compared with: every rendering, on the background that its prompt named.
    """
    places = []
    for feature, candidates, index in zip(drawn, references, wanted, strict=True):
        likeness = candidates @ feature
        places.append(int((likeness > likeness[index]).sum()))
    return np.asarray(places)


def share_within(places: NDArray[np.int64], first: int) -> float:
    """Percent of places among the first `first`."""
    return float(100 * (places < first).mean())


def look_likeness(drawn: Tensor, references: Tensor) -> NDArray[np.float32]:
    """Cosine likeness of each picture (n, d) to its concept in each look (n, looks, d): (n, looks)."""
    likeness: NDArray[np.float32] = torch.einsum("nd,nld->nl", drawn, references).numpy()
    return likeness


def background_of(pixels: Pixels) -> NDArray[np.int64]:
    """The index of the named background nearest to the median colour of each picture's border, in CIE Lab."""
    border = np.concatenate(
        [
            pixels[:, :BORDER].reshape(len(pixels), -1, 3),
            pixels[:, -BORDER:].reshape(len(pixels), -1, 3),
            pixels[:, :, :BORDER].reshape(len(pixels), -1, 3),
            pixels[:, :, -BORDER:].reshape(len(pixels), -1, 3),
        ],
        axis=1,
    )
    named = lab(np.asarray([background.rgb for background in BACKGROUNDS], dtype=np.float64))
    seen = lab(np.median(border, axis=1))
    return np.asarray(np.linalg.norm(seen[:, None] - named[None], axis=2).argmin(axis=1))


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB 0..255 (..., 3) -> CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
