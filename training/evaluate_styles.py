"""Do the adapters do what they are for? Styles: the look moves to theirs. Few-step: four steps show the concept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import LCMScheduler, StableDiffusionXLPipeline
from numpy.typing import NDArray
from torch import Tensor

from bench.common import Row, row
from training.captions import english_caption, hash_order
from training.concepts import BASE_LOOK, LOOKS, STYLE_LOOKS
from training.dataset import Pair
from training.evaluate import Bench, seen_pairs
from training.features import features, reference_features
from training.measures import look_likeness, share_within
from training.sheets import draw

PROMPTS = 40
WEIGHTS = (0.0, 0.5, 1.0)
FEW_STEPS = 4


@dataclass(frozen=True)
class StyleResult:
    """Over the images whose content is right, percent: look is the style's; at weight 0 the base's; moved each time."""

    look: str
    judged: int
    own: float
    base_at_zero: float
    moved: float


def style_row(bench: Bench, made: StableDiffusionXLPipeline, styles: Path) -> Row:
    results = [_measured(bench, made, styles, look) for look in STYLE_LOOKS]
    beside = "; ".join(
        f"{each.look}: {each.judged}/{PROMPTS} images judged, at 0 {each.base_at_zero:.0f} %, moves {each.moved:.0f} %"
        for each in results
    )
    real = _ceiling(bench)
    own = [each.own for each in results]
    return row("style", "the look is the adapter's at weight 1", "%", "≥ 85 %", own, f"real {real:.0f} %; {beside}")


def few_step_row(bench: Bench, made: StableDiffusionXLPipeline, styles: Path, top5: float) -> Row:
    """Top5 at four steps without guidance as a share of the base's own, beside the base in as few steps."""
    pairs = seen_pairs(hash_order(bench.artwork.claimed))
    prompts = [english_caption(*pair) for pair in pairs]
    usual = made.scheduler
    without = share_within(bench.places(draw(made, prompts, FEW_STEPS, guidance=1.0), pairs), 5)
    made.scheduler = LCMScheduler.from_config(usual.config)
    made.load_lora_weights(styles, weight_name="few-step.safetensors", adapter_name="few-step")
    distilled = share_within(bench.places(draw(made, prompts, FEW_STEPS, guidance=1.0), pairs), 5)
    made.unload_lora_weights()
    made.scheduler = usual
    beside = f"{distilled:.0f} % of {top5:.0f} %; the base alone in 4 steps {without:.0f} %"
    return row("fewstep", "top5 in 4 steps, share of top5", "×", "≥ 0.8 ×", [distilled / max(top5, 1)], beside)


def _measured(bench: Bench, made: StableDiffusionXLPipeline, styles: Path, look: str) -> StyleResult:
    pairs = _prompts(bench)
    made.load_lora_weights(styles, weight_name=f"{look}.safetensors", adapter_name="style")
    drawn = {weight: _drawn(made, pairs, weight) for weight in WEIGHTS}
    made.unload_lora_weights()
    right = bench.places(drawn[1.0], pairs, look) < 5
    if not right.any():
        return StyleResult(look, 0, 0.0, 0.0, 0.0)
    likeness = {weight: _likeness(bench, pictures, pairs)[right] for weight, pictures in drawn.items()}
    own, base = LOOKS.index(look), LOOKS.index(BASE_LOOK)
    margins = np.stack([likeness[weight][:, own] - likeness[weight][:, base] for weight in WEIGHTS])
    return StyleResult(
        look,
        int(right.sum()),
        100 * float((likeness[1.0].argmax(axis=1) == own).mean()),
        100 * float((likeness[0.0].argmax(axis=1) == base).mean()),
        100 * float((np.diff(margins, axis=0) > 0).all(axis=0).mean()),
    )


def _prompts(bench: Bench) -> list[Pair]:
    return seen_pairs(hash_order(bench.artwork.claimed))[:PROMPTS]


def _drawn(made: StableDiffusionXLPipeline, pairs: list[Pair], weight: float) -> NDArray[np.uint8]:
    made.set_adapters("style", weight)
    return draw(made, [english_caption(*pair) for pair in pairs])


def _likeness(bench: Bench, pictures: NDArray[np.uint8], pairs: list[Pair]) -> NDArray[np.float32]:
    """Cosine likeness of each picture to its own concept in each of the five looks: (n, 5)."""
    return look_likeness(features(pictures), torch.stack([_references(bench, look, pairs) for look in LOOKS], dim=1))


def _references(bench: Bench, look: str, pairs: list[Pair]) -> Tensor:
    """Features of the real drawings of these pairs in a look: (n, 1280)."""
    kept, drawn = bench.artwork.work / "features", bench.artwork.look(look)
    return torch.stack(
        [
            reference_features(drawn, look, background, kept)[bench.artwork.row_of[concept]]
            for concept, background in pairs
        ]
    )


def _ceiling(bench: Bench) -> float:
    """The same measure on real drawings, composited anew; less than 100 % where two looks draw alike."""
    pairs = _prompts(bench)
    hits = [
        _likeness(bench, bench.artwork.pictures(look, pairs), pairs).argmax(axis=1) == LOOKS.index(look)
        for look in STYLE_LOOKS
    ]
    return 100 * float(np.concatenate(hits).mean())
