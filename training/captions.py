"""Captions that name the concept and the background, in English and Japanese, so that prompts compose."""

import hashlib
from dataclasses import dataclass

from training.concepts import Concept


@dataclass(frozen=True)
class Background:
    english: str
    japanese: str
    rgb: tuple[int, int, int]


BACKGROUNDS = (
    Background("white", "白い", (255, 255, 255)),
    Background("grey", "灰色の", (150, 150, 155)),
    Background("red", "赤い", (214, 70, 66)),
    Background("orange", "オレンジ色の", (240, 160, 80)),
    Background("yellow", "黄色い", (248, 222, 110)),
    Background("green", "緑の", (120, 190, 120)),
    Background("blue", "青い", (90, 140, 215)),
    Background("purple", "紫の", (150, 110, 190)),
    Background("pink", "ピンクの", (245, 175, 195)),
    Background("brown", "茶色い", (140, 100, 75)),
)


def english_caption(concept: Concept, background: Background) -> str:
    return f"{_with_article(concept.english)} on {_with_article(background.english)} background"


def japanese_caption(concept: Concept, background: Background) -> str:
    return f"{background.japanese}背景の{concept.japanese}"


def captions(concept: Concept, background: Background) -> tuple[str, ...]:
    """Every way a picture of this pair is described in training."""
    return (
        english_caption(concept, background),
        english_caption(concept, background),
        f"{concept.english}, {background.english} background",
        japanese_caption(concept, background),
        japanese_caption(concept, background),
        f"{concept.japanese}、{background.japanese}背景",
    )


def words(concept: Concept) -> tuple[str, ...]:
    """The pieces that captions are made of, for learning a vocabulary that does not glue them together.

    Japanese is written without spaces, so whole captions would make one token each and nothing would compose.
    """
    backgrounds = [text for b in BACKGROUNDS for text in (b.english, b.japanese)]
    names = (concept.english, concept.japanese)
    return (*names, *names, "a", "an", "on", "background", "背景の", "背景", *backgrounds)


def held_out(concept: Concept, other: str) -> bool:
    """One pair in ten never appears in training, so that composing can be told from remembering.

    `other` is a background's English name or a look; the choice depends on the two names alone.
    """
    digest = hashlib.sha256(f"{concept.code}|{other}".encode()).digest()
    return digest[0] < 26


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def hash_order(concepts: tuple[Concept, ...]) -> list[Concept]:
    """The order in which the evaluation draws prompts: fixed, and nobody's choice."""
    return sorted(concepts, key=lambda concept: hashlib.sha256(concept.code.encode()).digest())
