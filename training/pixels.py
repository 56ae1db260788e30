"""Pictures as arrays: uint8, (..., height, width, channels)."""

import numpy as np
from numpy.typing import NDArray

SIDE = 128

Pixels = NDArray[np.uint8]


def on_background(rgba: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """Composite RGBA pixels on a plain colour: (..., 4) -> (..., 3)."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = rgba[..., :3] * alpha + np.asarray(colour, dtype=np.float32) * (1 - alpha)
    pixels: Pixels = np.rint(mixed).astype(np.uint8)
    return pixels
