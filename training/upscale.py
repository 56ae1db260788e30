"""The upscaler: from a drawing at half its size back to the drawing, on all five looks.

Each crop is made small by a kernel drawn at random, since nobody knows by which a user's picture was. One concept in ten
is held out, and `measured` compares network and bicubic on those alone.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from bench.common import Row, row
from plugins.upscale.network import FACTOR, Network
from training.captions import BACKGROUNDS
from training.concepts import LOOKS, Concept
from training.dataset import Artwork
from training.loop import Stage, train
from training.pixels import SIDE, Pixels, on_background

CROP = 64
BATCH = 16
STEPS = 2400
KERNELS = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX, Image.Resampling.BILINEAR)


def is_held_out(concept: Concept) -> bool:
    """One in ten, by its code, in every look."""
    return hashlib.sha256(f"upscale {concept.code}".encode()).digest()[0] < 26


def train_upscaler(network: Network, artwork: Artwork, steps: int) -> None:
    """The averaged weights end up in `network`."""
    rows = [index for index, concept in enumerate(artwork.everything) if not is_held_out(concept)]
    looks = [look[rows] for look in artwork.all_looks()]

    def loss_of(generator: torch.Generator) -> Tensor:
        sharp, small = _pairs(looks, generator)
        return functional.l1_loss(network(small), sharp)

    averaged = train(Stage("upscale", steps, 1e-3), list(network.parameters()), loss_of, artwork.work)
    averaged.swap()


def save_upscaler(network: Network, folder: Path) -> None:
    """In float16: half the bytes, and no difference that an eye can see."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@torch.no_grad()
def measured(network: Network, artwork: Artwork) -> list[Row]:
    """PSNR in dB over RGB, by look, on held-out concepts made small by Pillow's bicubic; the rival enlarges by the same."""
    rows = []
    for look in LOOKS:
        sharp = _tensor(_held_out_drawings(artwork, look))
        small = np.stack([_resized(each, 1 / FACTOR, Image.Resampling.BICUBIC) for each in _pixels(sharp)])
        plainly = np.stack([_resized(each, FACTOR, Image.Resampling.BICUBIC) for each in small])
        ours, plain = (float(psnr(made, sharp).mean()) for made in (network(_tensor(small)), _tensor(plainly)))
        rows.append(
            row(look, f"{len(sharp)} held-out drawings", "dB", f"> {plain:.2f} dB", [ours], f"bicubic {plain:.2f} dB")
        )
    return rows


def psnr(made: Tensor, sharp: Tensor) -> Tensor:
    """10 log10 of 1 over the mean squared error of each picture, (n, 3, h, w) in 0..1, after rounding to bytes: (n,)."""
    rounded = (made.clamp(0, 1) * 255).round() / 255
    error = (rounded - sharp).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return -10 * error.log10()


def _held_out_drawings(artwork: Artwork, look: str) -> Pixels:
    pairs = [
        (concept, BACKGROUNDS[index % len(BACKGROUNDS)])
        for index, concept in enumerate(artwork.everything)
        if is_held_out(concept)
    ]
    return artwork.pictures(look, pairs)


def _pairs(looks: list[Pixels], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sharp crops on any colour at all, and the same at half the size."""

    def draw(limit: int) -> list[int]:
        return torch.randint(0, limit, (BATCH,), generator=generator).tolist()

    colours = torch.randint(0, 256, (BATCH, 3), generator=generator).tolist()
    places = zip(draw(len(looks)), draw(len(looks[0])), draw(SIDE - CROP + 1), draw(SIDE - CROP + 1), strict=True)
    sharp: list[Pixels] = []
    small: list[Pixels] = []
    for (look, index, top, left), (red, green, blue), kernel in zip(places, colours, draw(len(KERNELS)), strict=True):
        crop = looks[look][index, top : top + CROP, left : left + CROP]
        sharp.append(on_background(crop, (red, green, blue)))
        small.append(_resized(sharp[-1], 1 / FACTOR, KERNELS[kernel]))
    return _tensor(np.stack(sharp)), _tensor(np.stack(small))


def _resized(rgb: Pixels, factor: float, kernel: Image.Resampling) -> Pixels:
    image = Image.fromarray(rgb)
    return np.asarray(image.resize((round(image.width * factor), round(image.height * factor)), kernel))


def _tensor(rgb: Pixels) -> Tensor:
    """uint8 (n, h, w, 3) -> float (n, 3, h, w) in 0..1."""
    return torch.from_numpy(np.array(rgb)).permute(0, 3, 1, 2).float() / 255


def _pixels(pictures: Tensor) -> Pixels:
    pixels: Pixels = (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return pixels
