"""Prompts with weights, as the hub's two prompts: what counts for something and what counts against it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from marketplace.dialects.errors import Refused
from marketplace.dialects.fields import Fields
from marketplace.generation.validation import MAX_PROMPT
from marketplace.stability.presets import PRESETS

MAX_PROMPTS = 50
FIELD = "text_prompts"
MARK = re.compile(r"([\\()\[\]])")


@dataclass(frozen=True)
class TextPrompt:
    """`weight` below zero counts against the text."""

    text: str
    weight: float


def text_prompts(fields: Fields) -> list[TextPrompt]:
    """At least one. Raises Refused."""
    prompts = [_prompt(row) for row in fields.rows(FIELD, MAX_PROMPTS)]
    if not prompts:
        raise Refused("bad_request", _("is required"), field=FIELD)
    return prompts


def joined(prompts: Sequence[TextPrompt], preset: str | None, max_weight: float) -> tuple[str, str]:
    """Prompt and negative prompt. Raises Refused for weights that the engine can't give.

    `max_weight` is what the engine says of its prompts: 0 for one without marks. A text of weight 0 counts for nothing,
    so it is left out.
    """
    wanted = [_marked(each, max_weight) for each in prompts if each.weight > 0]
    unwanted = [_marked(each, max_weight) for each in prompts if each.weight < 0]
    if not wanted:
        raise Refused("bad_request", _("needs one with a weight above 0: say what to draw"), field=FIELD)
    if preset:
        wanted.append(PRESETS[preset].prompt)
        unwanted += filter(None, [PRESETS[preset].negative])
    return ", ".join(wanted), ", ".join(unwanted)


def _prompt(row: Fields) -> TextPrompt:
    weight = row.number("weight", -100, 100)
    return TextPrompt(row.text("text", MAX_PROMPT).strip(), 1.0 if weight is None else weight)


def _marked(prompt: TextPrompt, max_weight: float) -> str:
    """The text as an engine reads it; brackets mean nothing in this API, so they are made ordinary characters."""
    count = abs(prompt.weight)
    if count not in (1, min(count, max_weight)):
        limits = {"most": f"{max_weight or 1:g}"}
        message = _("must have weights from -%(most)s to %(most)s with this engine") % limits
        if not max_weight:
            message = _("must have weights of 1 or -1 with this engine")
        raise Refused("bad_request", message, field=FIELD)
    if not max_weight:
        return prompt.text
    text = MARK.sub(r"\\\1", prompt.text)
    return text if count == 1 else f"({text}:{count:.4f})"
