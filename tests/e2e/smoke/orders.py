"""What is published and what is ordered: the numbers that every part of the smoke test agrees on."""

from typing import Any

from hub.local.shipped import BASE_MODEL

LORA_WEIGHT = 0.8
# Two of the styles that ship: one in kohya's naming, one in diffusers'.
LORAS = ("twemoji", "openmoji")
PRICE_MICRO = 33_330
SHARE_BP = 7_000
TOP_UP_MICRO = 20_000_000
KILLS = 5
KILL_PATIENCE_S = 60.0

PICTURE: dict[str, Any] = {
    "prompt": "a fox on a blue background",
    "width": 128,
    "height": 128,
    "steps": 12,
    "guidance_scale": 5.0,
    "seed": 7,
    "scheduler": "euler",
}
# Long enough that its progress is seen before it is done.
LONG_PICTURE: dict[str, Any] = {**PICTURE, "steps": 100}


def order(version: int | None = None, weight: float = 1.0, **changes: Any) -> dict[str, Any]:
    adapters = [] if version is None else [{"version": version, "weight": weight}]
    return {"base_model": BASE_MODEL, "adapters": adapters, **PICTURE, **changes}


def terms(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "sample_prompt": "a cat on a green background",
        "licence": "irodori-standard",
        "price_micro": PRICE_MICRO,
        "creator_share_bp": SHARE_BP,
        "training_sources": [{"name": "My sketchbooks", "consent": "own_work"}],
    }
