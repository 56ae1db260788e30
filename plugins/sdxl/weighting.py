"""Reads a prompt as its writer means it: `(word:1.3)` and its kin say how much each part counts.

The grammar is AUTOMATIC1111's, which users of SDXL know: `(x:1.3)` counts x 1.3 times, `(x)` 1.1 times, `[x]` 1 / 1.1
times; these multiply when nested, and a backslash before a bracket makes it an ordinary character.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.plugin_api import JobRefusedError

STRONGER = 1.1
# Beyond it a picture is noise; it also keeps a thousand brackets from overflowing.
MAX_WEIGHT = 5.0
MARK = re.compile(
    r"\\(?P<escaped>[()\[\]\\])"
    r"|:\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\)"
    r"|(?P<bracket>[()\[\]])"
    r"|(?P<text>[^\\()\[\]:]+|[\\:])"
)
OPENING = {")": "(", "]": "["}


@dataclass(frozen=True)
class Fragment:
    """Text without marks, and how much it counts; 1 is as usual."""

    text: str
    weight: float


def fragments(prompt: str) -> tuple[Fragment, ...]:
    """Never empty; a prompt without marks is one fragment. A bracket without a partner is an ordinary character.

    Fragments are kept apart even where they count alike: joined, `(wo)rd` would become a word that no check of the
    prompt has seen. Raises JobRefusedError for a weight out of range.
    """
    marks = list(MARK.finditer(prompt))
    factors = _factors(marks)
    found, text, weights = [], "", [1.0]
    for index, mark in enumerate(marks):
        if index not in factors:
            text += mark["escaped"] or mark[0]
            continue
        found.append(Fragment(text, weights[-1]))
        text, factor = "", factors[index]
        if factor is None:
            weights.pop()
        else:
            weights.append(_checked(weights[-1] * factor))
    kept = [fragment for fragment in (*found, Fragment(text, 1.0)) if fragment.text]
    return tuple(kept) or (Fragment("", 1.0),)


def _factors(marks: Sequence[re.Match[str]]) -> dict[int, float | None]:
    """By the index of each bracket that has a partner: an opening one's factor, None for a closing one."""
    factors: dict[int, float | None] = {}
    opened: list[int] = []
    for index, mark in enumerate(marks):
        closing = ")" if mark["weight"] else mark["bracket"]
        if closing in OPENING.values():
            opened.append(index)
        elif closing in OPENING:
            partners = [place for place in opened if marks[place][0] == OPENING[closing]]
            if partners:
                usual = STRONGER if closing == ")" else 1 / STRONGER
                factors[partners[-1]] = float(mark["weight"]) if mark["weight"] else usual
                factors[index] = None
                opened = opened[: opened.index(partners[-1])]
    return factors


def _checked(weight: float) -> float:
    if not 0 <= weight <= MAX_WEIGHT:
        raise JobRefusedError(
            "prompt_weight",
            f"A part of the prompt counts {weight:.3g} times; from 0 to {MAX_WEIGHT:g} is possible. "
            "Set a smaller weight, or write \\( for a bracket.",
        )
    return weight
