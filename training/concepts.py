"""What there is to draw: the concepts that all five artwork sets have, with names in English and Japanese."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LOOKS = ("noto", "twemoji", "openmoji", "fluent-emoji-flat", "fluent-emoji")
BASE_LOOK = "noto"
STYLE_LOOKS = LOOKS[1:]

# emojibase's group numbers: 2 is skin tones and hair, 9 is flags.
LEFT_OUT_GROUPS = {None, 2, 9}

CLAIMED_SUBGROUPS = (
    "animal-mammal",
    "animal-bird",
    "animal-amphibian",
    "animal-reptile",
    "animal-marine",
    "plant-flower",
    "food-fruit",
    "food-vegetable",
    "food-prepared",
    "food-asian",
    "food-sweet",
)


@dataclass(frozen=True)
class Concept:
    """One thing to draw; `code` is its Unicode code points in hex, joined by hyphens, without FE0F."""

    code: str
    english: str
    japanese: str
    subgroup: str


@cache
def icon_names(packages: Path, look: str) -> dict[str, str]:
    """Icon name by code. The 3D set lists none, but names its icons as the flat one of the same artists does."""
    listed = "fluent-emoji-flat" if look == "fluent-emoji" else look
    names: dict[str, str] = _read(packages / "@iconify-json" / listed / "chars.json")
    return {_bare(code): name for code, name in names.items()}


@cache
def all_concepts(packages: Path) -> tuple[Concept, ...]:
    """Every concept that all five looks have, in Unicode's own order."""
    japanese = {entry["hexcode"]: entry["label"] for entry in _read(packages / "emojibase-data/ja/data.json")}
    english = _read(packages / "emojibase-data/en/data.json")
    subgroups = _read(packages / "emojibase-data/meta/groups.json")["subgroups"]
    listed = [icon_names(packages, look) for look in LOOKS]
    return tuple(
        Concept(
            _bare(entry["hexcode"]),
            entry["label"].lower(),
            japanese[entry["hexcode"]],
            subgroups[str(entry["subgroup"])],
        )
        for entry in sorted(english, key=lambda entry: entry.get("order", 0))
        if entry.get("group") not in LEFT_OUT_GROUPS and all(_bare(entry["hexcode"]) in names for names in listed)
    )


def claimed_concepts(packages: Path) -> tuple[Concept, ...]:
    """The concepts that the shipped base is trained on: few enough to be learned well on two cores."""
    return tuple(concept for concept in all_concepts(packages) if concept.subgroup in CLAIMED_SUBGROUPS)


def _bare(code: str) -> str:
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
