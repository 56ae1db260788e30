"""Contact sheets: what should be there above what is drawn, to be looked at at every stage."""

from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from numpy.typing import NDArray
from PIL import Image

from training import parallel
from training.captions import BACKGROUNDS, english_caption, hash_order, japanese_caption
from training.concepts import BASE_LOOK
from training.dataset import Artwork
from training.pixels import Pixels

COLUMNS = 8
STEPS, GUIDANCE = 20, 1.5


def contact_sheet(
    made: StableDiffusionXLPipeline,
    artwork: Artwork,
    path: Path,
    look: str = BASE_LOOK,
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
) -> None:
    """Two rows from English and two from Japanese prompts: the real drawings, then the model's."""
    concepts = hash_order(artwork.claimed)[: 2 * COLUMNS]
    pairs = [(concept, BACKGROUNDS[index % len(BACKGROUNDS)]) for index, concept in enumerate(concepts)]
    english, japanese = pairs[:COLUMNS], pairs[COLUMNS:]
    prompts = [english_caption(*pair) for pair in english] + [japanese_caption(*pair) for pair in japanese]
    drawn = draw(made, prompts, steps, guidance)
    rows = [
        _side_by_side(artwork.pictures(look, english)),
        _side_by_side(drawn[:COLUMNS]),
        _side_by_side(artwork.pictures(look, japanese)),
        _side_by_side(drawn[COLUMNS:]),
    ]
    if parallel.is_first():
        Image.fromarray(np.concatenate(rows)).save(path)


@torch.no_grad()
def draw(made: StableDiffusionXLPipeline, prompts: list[str], steps: int = STEPS, guidance: float = GUIDANCE) -> Pixels:
    """One picture for each prompt, its index as seed: uint8 (n, 128, 128, 3).

    Under torchrun every process must call this, and each draws its share.
    """
    starts = range(0, len(prompts), COLUMNS)
    parts = [
        _draw_some(made, prompts[first:][:COLUMNS], first, steps, guidance) for first in parallel.own_share(starts)
    ]
    pixels: Pixels = np.rint(np.concatenate(parallel.gathered(parts)) * 255).astype(np.uint8)
    return pixels


def _draw_some(
    made: StableDiffusionXLPipeline, prompts: list[str], first: int, steps: int, guidance: float
) -> NDArray[np.float32]:
    seeds = [torch.Generator().manual_seed(first + index) for index in range(len(prompts))]
    pictures: NDArray[np.float32] = made(
        prompts, num_inference_steps=steps, guidance_scale=guidance, generator=seeds, output_type="np"
    ).images
    return pictures


def _side_by_side(pictures: Pixels) -> Pixels:
    return np.concatenate(list(pictures), axis=1)
