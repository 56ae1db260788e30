"""Does the base draw what it is asked for?

Every prompt is drawn once with its index as seed. The ceiling (real renderings measured the same way) and the floor
(the same base before training) stand beside each figure.
"""

import os
import time
from itertools import product

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from numpy.typing import NDArray

from bench.common import Row, row
from training import parallel
from training.captions import BACKGROUNDS, english_caption, hash_order, held_out, japanese_caption
from training.concepts import BASE_LOOK, Concept
from training.dataset import Artwork, Pair
from training.features import features, reference_features
from training.measures import background_of, ranks, share_within
from training.pixels import Pixels
from training.sheets import draw

PROMPTS = 200
FLOOR_PROMPTS = 40


class Bench:
    """The artwork to compare with, and its features, kept in its work folder."""

    def __init__(self, artwork: Artwork) -> None:
        self.artwork = artwork

    def places(self, pictures: Pixels, pairs: list[Pair], look: str = BASE_LOOK) -> NDArray[np.int64]:
        """How many of all renderings of `look` are nearer to each picture than the one that was asked for."""
        drawn = self.artwork.look(look)
        kept = self.artwork.work / "features"
        references = [reference_features(drawn, look, background, kept) for _, background in pairs]
        return ranks(features(pictures), references, [self.artwork.row_of[concept] for concept, _ in pairs])


def seen_pairs(concepts: list[Concept]) -> list[Pair]:
    """Concepts in hash order, each with a background that it was trained on."""
    pairs = []
    for index, concept in enumerate(concepts[:PROMPTS]):
        colours = [background for background in BACKGROUNDS if not held_out(concept, background.english)]
        pairs.append((concept, colours[index % len(colours)]))
    return pairs


def unseen_pairs(concepts: list[Concept]) -> list[Pair]:
    """Pairs of concept and background that no training picture showed."""
    pairs = [pair for pair in product(concepts, BACKGROUNDS) if held_out(pair[0], pair[1].english)]
    return pairs[:: max(1, len(pairs) // PROMPTS)][:PROMPTS]


def background_hits(pictures: Pixels, pairs: list[Pair]) -> float:
    """Percent of pictures on the background that was asked for."""
    wanted = [BACKGROUNDS.index(background) for _, background in pairs]
    return 100 * float((background_of(pictures) == wanted).mean())


def content_rows(bench: Bench, made: StableDiffusionXLPipeline, floor: StableDiffusionXLPipeline) -> list[Row]:
    """Is the prompted concept the nearest of all renderings, and is the background the colour asked for?"""
    concepts = hash_order(bench.artwork.claimed)
    pairs = seen_pairs(concepts)
    few = pairs[:FLOOR_PROMPTS]
    real = bench.artwork.pictures(BASE_LOOK, pairs)
    drawn = draw(made, [english_caption(*pair) for pair in pairs])
    untrained = draw(floor, [english_caption(*pair) for pair in few])
    places, ceiling, ground = bench.places(drawn, pairs), bench.places(real, pairs), bench.places(untrained, few)

    def beside(first: int) -> str:
        return f"real {share_within(ceiling, first):.0f} %, untrained {share_within(ground, first):.0f} %"

    beside_colour = f"real {background_hits(real, pairs):.0f} %, untrained {background_hits(untrained, few):.0f} %"
    hits = background_hits(drawn, pairs)
    return [
        row("concepts", "concepts the card claims", "", "≥ 200", [len(concepts)]),
        row("top1", "nearest rendering is the concept", "%", "≥ 50 %", [share_within(places, 1)], beside(1)),
        row("top5", "concept among the five nearest", "%", "≥ 80 %", [share_within(places, 5)], beside(5)),
        row("background", "the colour asked for is drawn", "%", "≥ 90 %", [hits], beside_colour),
    ]


def generalisation_rows(bench: Bench, made: StableDiffusionXLPipeline) -> list[Row]:
    """Does it compose pairs it never saw, and does it read Japanese?"""
    concepts = hash_order(bench.artwork.claimed)
    unseen, seen = unseen_pairs(concepts), seen_pairs(concepts)
    composed = bench.places(draw(made, [english_caption(*pair) for pair in unseen]), unseen)
    japanese = bench.places(draw(made, [japanese_caption(*pair) for pair in seen]), seen)
    return [
        row("top5_heldout", "top5 for pairs never trained", "%", "≥ 60 %", [share_within(composed, 5)]),
        row("top5_ja", "top5 for Japanese prompts", "%", "≥ 75 %", [share_within(japanese, 5)]),
    ]


def speed_row(made: StableDiffusionXLPipeline) -> Row:
    """On all cores, as a user's machine would; other processes wait meanwhile."""
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    samples = _seconds(made) if parallel.is_first() else [0.0]
    torch.set_num_threads(threads)
    parallel.meet()
    return row("seconds", "one image, 20 steps with guidance", "s", "≤ 3 s", samples)


def _seconds(made: StableDiffusionXLPipeline) -> list[float]:
    samples = []
    for seed in range(5):
        started = time.perf_counter()
        made("a cat on a blue background", num_inference_steps=20, generator=torch.Generator().manual_seed(seed))
        samples.append(time.perf_counter() - started)
    return samples
