"""Words that a run's adapters give a meaning: where a prompt has them, and what the text encoders read there instead.

Neither the tokenizers nor the encoders' embeddings learn them, so runs with other vectors for the same word never meet.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from hub.plugin_api import JobRefusedError, LocalPack
from plugins.sdxl.opened import Opened


@dataclass(frozen=True)
class Word:
    """`vectors` is text encoder -> [vectors, width]; `pack` is whose they are, and `alone` whether it holds nothing else."""

    text: str
    pack: str
    vectors: Mapping[str, torch.Tensor]
    alone: bool


def words_of(opened: Iterable[tuple[LocalPack, Opened]]) -> tuple[Word, ...]:
    """A weight of 0 is the base, for which a word is but a word. Raises JobRefusedError where two mean the same word."""
    worn = [(local.use, own) for local, own in opened if local.use.weight]
    words = tuple(
        Word(text, use.pack_sha256, {name: tensors[text] for name, tensors in own.vectors.items()}, own.only_words)
        for use, own in worn
        for text in next(iter(own.vectors.values()), {})
    )
    texts = [word.text.lower() for word in words]
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise JobRefusedError(
            "same_word",
            f"Two of these styles read the word {twice[0]} as something of their own. Use one of them at a time.",
        )
    return words


def split(text: str, words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each piece of the text and the word behind it, "" behind the last. Without regard to case, the longest word first.

    A word counts where it stands whole: neither `ruined` nor `ruin-like` has the word `ruin`.
    """
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        yield text, ""
        return
    text, start = unicodedata.normalize("NFC", text), 0  # As the tokenizers do.
    for match in re.finditer("|".join(map(_whole, longest_first)), text, re.IGNORECASE):
        yield text[start : match.start()], longest_first[(match.lastindex or 1) - 1]
        start = match.end()
    yield text[start:], ""


def refuse_silent(words: Sequence[Word], said: frozenset[str]) -> None:
    """Raises JobRefusedError where an adapter acts through its words alone and the prompts have none of them."""
    for pack in {word.pack for word in words if word.alone}:
        own = sorted(word.text for word in words if word.pack == pack)
        if said.isdisjoint(own):
            raise JobRefusedError(
                "word_missing",
                f"A style of this request acts only where its word stands. Write {' or '.join(own)} into the prompt.",
            )


@contextmanager
def read_as(encoder: Any, vectors: Mapping[int, torch.Tensor]) -> Iterator[None]:
    """Inside the block the encoder reads a prompt of one row with these vectors, [width], at these positions."""

    def put(_module: Any, _inputs: Any, rows: torch.Tensor) -> torch.Tensor:
        rows = rows.clone()
        for position, vector in vectors.items():
            rows[0, position] = vector.to(rows.device, rows.dtype)
        return rows

    hook = encoder.get_input_embeddings().register_forward_hook(put)
    try:
        yield
    finally:
        hook.remove()


def _whole(word: str) -> str:
    """A group that matches the word where no letter, digit, _ or - goes on with it."""
    before = "" if word.startswith("<") else r"(?<![\w-])"
    after = "" if word.endswith(">") else r"(?![\w-])"
    return f"{before}({re.escape(word)}){after}"
