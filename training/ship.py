"""Puts the trained base, its adapters and the model card where the hub finds them: the folder `models`."""

import json
import shutil
from pathlib import Path
from typing import Any

from bench.common import RESULTS
from training.concepts import STYLE_LOOKS

CARD = Path(__file__).with_name("card.md")
UPSCALE_CARD = Path(__file__).with_name("upscale_card.md")
# The hub must read both namings, so the shipped styles come in both: two each.
KOHYA_NAMED = {"twemoji", "fluent-emoji-flat"}
MAX_BYTES = 40_000_000


def shipped(work: Path, out: Path) -> None:
    """Raises ValueError if all of it is larger than what a clone should have to carry."""
    _replace(work / "base", out / "irodori-small")
    styles = out / "styles"
    shutil.rmtree(styles, ignore_errors=True)
    styles.mkdir(parents=True)
    for look in STYLE_LOOKS:
        source = f"{look}-kohya" if look in KOHYA_NAMED else look
        shutil.copy(work / "styles" / f"{source}.safetensors", styles / f"{look}.safetensors")
    shutil.copy(work / "styles" / "few-step.safetensors", styles)
    write_card(out / "irodori-small" / "README.md")
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    if size > MAX_BYTES:
        raise ValueError(f"{out} holds {size / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB may be shipped.")


def write_card(path: Path, card: Path = CARD, measured: str = "base") -> None:
    """The card's text with the figures that were measured last, by `make eval-base` for the base."""
    results = RESULTS / f"{measured}.json"
    figures = _table(json.loads(results.read_text())) if results.exists() else "Not measured yet: run `make eval-base`."
    path.write_text(card.read_text(encoding="utf-8").replace("{figures}", figures), encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"| {row['id']} | {row['what']} | {row['value']:g} {row['unit']} | {row['aim']} | {row['rival']} |"
        for row in rows
    ]
    return "\n".join(["| id | what | measured | aim | beside it |", "|---|---|---|---|---|", *lines])


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
