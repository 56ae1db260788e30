"""The styles of the demo's catalogue: how each file is made, and under which terms it is published."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DemoStyle:
    """`writer` is a function of plugins.sdxl.samples, called with the base, a path, a seed and a strength."""

    file_name: str
    writer: str
    seed: int
    strength: float
    terms: dict[str, Any]


def _terms(title: str, words: str, description: str, prompt: str, price_micro: int, **others: Any) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "trigger_words": words,
        "sample_prompt": f"{prompt}, {words}",
        "licence": "irodori-standard",
        "price_micro": price_micro,
        "creator_share_bp": 7_000,
        "training_sources": [{"name": "Random numbers, drawn for this demo", "consent": "own_work"}],
        **others,
    }


# The weights are random, so titles promise no more than a mood.
STYLES = (
    DemoStyle(
        "night-bloom.safetensors",
        "write_kohya_lora",
        11,
        0.5,
        _terms(
            "Night Bloom",
            "night bloom",
            "A LoRA in kohya's naming, with random weights: it shifts every colour a little.",
            "a harbour at dawn",
            20_000,
            may_be_merged=True,
        ),
    ),
    DemoStyle(
        "slow-tide.safetensors",
        "write_peft_lora",
        23,
        0.6,
        _terms(
            "Slow Tide",
            "slow tide",
            "A LoRA in peft's naming, with random weights. It may be mixed with other styles.",
            "a lantern on a still pond",
            35_000,
            licence="CC-BY-4.0",
            may_be_merged=True,
        ),
    ),
    DemoStyle(
        "violet-drift.safetensors",
        "write_kohya_lora",
        37,
        0.8,
        _terms(
            "Violet Drift",
            "violet drift",
            "A strong LoRA in kohya's naming, with random weights. Its pictures may train other models.",
            "a mountain path in rain",
            15_000,
            outputs_may_train=True,
        ),
    ),
    DemoStyle(
        "deep-water.safetensors",
        "write_finetuned_unet",
        41,
        0.3,
        _terms(
            "Deep Water",
            "deep water",
            "A whole fine-tuned UNet, in the place of the base's own for each picture.",
            "stepping stones under old trees",
            60_000,
        ),
    ),
)
