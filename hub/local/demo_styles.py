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


STYLES = (
    DemoStyle(
        "washed-ink.safetensors",
        "write_kohya_lora",
        11,
        0.5,
        _terms(
            "Washed Ink",
            "washed ink",
            "Wet greys that run into each other. A LoRA in kohya's naming.",
            "a harbour at dawn",
            20_000,
            may_be_merged=True,
        ),
    ),
    DemoStyle(
        "vermilion-lacquer.safetensors",
        "write_peft_lora",
        23,
        0.6,
        _terms(
            "Vermilion Lacquer",
            "vermilion lacquer",
            "Deep layered reds. A LoRA in peft's naming.",
            "a lantern on a still pond",
            35_000,
            licence="CC-BY-4.0",
            may_be_merged=True,
        ),
    ),
    DemoStyle(
        "indigo-paper.safetensors",
        "write_kohya_lora",
        37,
        0.8,
        _terms(
            "Indigo Paper",
            "indigo paper",
            "Blues on a coarse ground, strong at full weight. A LoRA in kohya's naming.",
            "a mountain path in rain",
            15_000,
            outputs_may_train=True,
        ),
    ),
    DemoStyle(
        "moss-garden.safetensors",
        "write_finetuned_unet",
        41,
        0.3,
        _terms(
            "Moss Garden",
            "moss garden",
            "A whole fine-tuned UNet, in the place of the base's own for each image.",
            "stepping stones under old trees",
            60_000,
        ),
    ),
)
