"""The pictures and captions of each stage, from the artwork packages."""

import hashlib
from itertools import product
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from training import parallel
from training.captions import BACKGROUNDS, Background, captions, held_out, words
from training.concepts import BASE_LOOK, LOOKS, Concept, all_concepts, claimed_concepts
from training.encoded import TrainingSet
from training.pixels import Pixels, on_background
from training.render import renderings
from training.tokenizer import train_tokenizer
from training.vae import to_tensor

Pair = tuple[Concept, Background]
CHUNK = 64


class Artwork:
    """Every rendering of every look; `packages` is the node_modules folder, `work` keeps what takes long."""

    def __init__(self, packages: Path, work: Path) -> None:
        self.packages, self.work = packages, work
        self.everything = all_concepts(packages)
        self.claimed = claimed_concepts(packages)
        self.row_of = {concept: row for row, concept in enumerate(self.everything)}

    def look(self, look: str) -> Pixels:
        """RGBA of all concepts in their order: uint8 (n, 128, 128, 4)."""
        return renderings(self.packages, self.work / "renderings", look, self.everything)

    def all_looks(self) -> list[Pixels]:
        """In memory, since training draws from all of them at random."""
        return [np.array(self.look(look)) for look in LOOKS]

    def pictures(self, look: str, pairs: list[Pair]) -> Pixels:
        """The real drawings of these pairs: uint8 (n, 128, 128, 3)."""
        drawn = self.look(look)
        return np.stack([on_background(drawn[self.row_of[concept]], background.rgb) for concept, background in pairs])


def learned_tokenizer(artwork: Artwork) -> CLIPTokenizer:
    return train_tokenizer([word for concept in artwork.claimed for word in words(concept)])


def training_pairs(artwork: Artwork, look: str) -> list[Pair]:
    """Every pair of concept and background that is held out neither for its background nor, in a style, for its look."""
    return [
        (concept, background)
        for concept, background in product(artwork.claimed, BACKGROUNDS)
        if not held_out(concept, background.english) and (look == BASE_LOOK or not held_out(concept, look))
    ]


@torch.no_grad()
def training_set(artwork: Artwork, vae: AutoencoderKL, tokenizer: CLIPTokenizer, look: str) -> TrainingSet:
    """Latents scaled by the autoencoder's own factor, and the token ids of each picture's captions."""
    pairs = training_pairs(artwork, look)
    latents = kept_latents(artwork, vae, look, pairs) * vae.config.scaling_factor
    ids = [tokenizer(list(captions(*pair)), padding="max_length", return_tensors="pt").input_ids for pair in pairs]
    return TrainingSet(latents, torch.stack(ids))


def kept_latents(artwork: Artwork, vae: AutoencoderKL, look: str, pairs: list[Pair]) -> torch.Tensor:
    """The latents of these pairs' drawings, kept on disk for as long as the autoencoder stays as it is."""
    weights = b"".join(tensor.detach().numpy().tobytes() for tensor in vae.state_dict().values())
    kept = artwork.work / "latents" / f"{look}-{hashlib.sha256(weights).hexdigest()[:16]}.npy"
    if not kept.exists():
        latents = encoded(vae, artwork.pictures(look, pairs)).numpy()
        kept.parent.mkdir(parents=True, exist_ok=True)
        if parallel.is_first():
            np.save(kept, latents)
        return torch.from_numpy(latents)
    return torch.from_numpy(np.load(kept))


@torch.no_grad()
def encoded(vae: AutoencoderKL, pictures: Pixels) -> torch.Tensor:
    """uint8 (n, 128, 128, 3) -> the autoencoder's latents (n, 8, 16, 16), not yet scaled."""
    chunks = [pictures[first : first + CHUNK] for first in range(0, len(pictures), CHUNK)]
    return torch.cat([vae.encode(to_tensor(chunk)).latent_dist.mode() for chunk in chunks])


def set_scaling_factor(artwork: Artwork, vae: AutoencoderKL) -> None:
    """So that latents of the base's look have a deviation of one, which the noise schedule expects."""
    latents = encoded(vae, artwork.pictures(BASE_LOOK, training_pairs(artwork, BASE_LOOK)))
    vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 5))
