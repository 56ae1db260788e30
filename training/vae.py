"""Stage 1: the autoencoder, from 128 x 128 pictures to 16 x 16 latents of 8 channels and back."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.captions import BACKGROUNDS
from training.loop import Stage, train
from training.pixels import SIDE, on_background

CROP = 64
BATCH = 16
KL_WEIGHT = 1e-6
LATENT_CHANNELS = 8


def new_vae() -> AutoencoderKL:
    """Untrained, with SDXL's plan: four blocks, factor 8."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=SIDE,
        mid_block_add_attention=False,
        scaling_factor=1.0,
        force_upcast=False,
    )


def train_vae(vae: AutoencoderKL, looks: list[NDArray[np.uint8]], folder: Path, steps: int) -> None:
    """Train on random crops of every look on random backgrounds; the averaged weights end up in `vae`."""
    parameters = list(vae.parameters())
    averaged = train(
        Stage("vae", steps, 3e-3, warm_up=50),
        parameters,
        lambda generator: _loss(vae, _crops(looks, generator)),
        folder,
        averaging=0.99,
        preview=lambda step: contact_sheet(vae, looks, folder / "vae.png"),  # noqa: ARG005 - one sheet, kept current
    )
    averaged.swap()


def to_tensor(rgb: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, h, w, 3) -> float (n, 3, h, w) in -1..1."""
    return torch.from_numpy(np.array(rgb)).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def contact_sheet(vae: AutoencoderKL, looks: list[NDArray[np.uint8]], path: Path) -> None:
    """Originals above, reconstructions below; one picture of each look, twice."""
    originals = np.stack(
        [on_background(look[i], BACKGROUNDS[(i + k) % 10].rgb) for k, look in enumerate(looks) for i in (300, 700)]
    )
    pixels = to_tensor(originals)
    rebuilt = vae.decode(vae.encode(pixels).latent_dist.mode()).sample
    Image.fromarray(np.concatenate([np.concatenate(list(originals), 1), row_of(rebuilt)])).save(path)


def row_of(pixels: Tensor) -> NDArray[np.uint8]:
    """float (n, 3, h, w) in -1..1 -> uint8 (h, n x w, 3): the pictures side by side."""
    levels = ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return np.concatenate(list(levels), 1)


def _crops(looks: list[NDArray[np.uint8]], generator: torch.Generator) -> Tensor:
    def draw(limit: int) -> list[int]:
        return torch.randint(0, limit, (BATCH,), generator=generator).tolist()

    # Half the crops lie on a named background, half on any colour at all.
    anything = torch.randint(0, 256, (BATCH, 3), generator=generator).tolist()
    rows = zip(
        draw(len(looks)), draw(len(looks[0])), draw(SIDE - CROP + 1), draw(SIDE - CROP + 1), draw(20), strict=True
    )
    cut = []
    for (look, index, top, left, background), colour in zip(rows, anything, strict=True):
        rgba = looks[look][index, top : top + CROP, left : left + CROP]
        rgb = BACKGROUNDS[background].rgb if background < len(BACKGROUNDS) else (colour[0], colour[1], colour[2])
        cut.append(on_background(rgba, rgb))
    return to_tensor(np.stack(cut)).contiguous(memory_format=torch.channels_last)


def _loss(vae: AutoencoderKL, pixels: Tensor) -> Tensor:
    """L1 on pixels and on their differences (which keeps edges sharp), and a little KL."""
    posterior = vae.encode(pixels).latent_dist
    rebuilt = vae.decode(posterior.sample()).sample
    edges = sum(functional.l1_loss(rebuilt.diff(dim=axis), pixels.diff(dim=axis)) for axis in (2, 3))
    loss: Tensor = functional.l1_loss(rebuilt, pixels) + edges + KL_WEIGHT * posterior.kl().mean()
    return loss
