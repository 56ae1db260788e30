"""Cuts a prompt of any length into pieces that a text encoder can read, each as the tokenizer writes a short prompt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from hub.plugin_api import JobRefusedError
from plugins.sdxl.weighting import Fragment
from plugins.sdxl.words import split

# 600 words on SDXL: the longest prompt a job may carry fits, and the UNet's cross-attention stays small.
MAX_CHUNKS = 8
COMMA, WORD_END = ",</w>", "</w>"


@dataclass(frozen=True)
class Chunk:
    """As many ids as the encoder's context, start, end and padding included; a weight for each.

    `vectors`, [width], are by position what is read there instead of the id's own embedding.
    """

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    vectors: Mapping[int, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """`text` is as the tokenizer writes it. Only the last of a word's vectors ends a word, so no cut goes through them."""

    id: int
    text: str
    weight: float
    vector: torch.Tensor | None = None


def chunks_of(
    tokenizer: Any, fragments: Sequence[Fragment], vectors: Mapping[str, torch.Tensor] | None = None
) -> tuple[Chunk, ...]:
    """At least one. `vectors` is word -> [vectors, width]. Raises JobRefusedError for more than MAX_CHUNKS."""
    tokens = [token for fragment in fragments for token in _tokens(tokenizer, fragment, vectors or {})]
    chunks = [] if tokens else [empty_chunk(tokenizer)]
    room = tokenizer.model_max_length - 2
    while tokens:
        cut = len(tokens) if len(tokens) <= room else _cut([token.text for token in tokens[:room]])
        chunks.append(_chunk(tokenizer, tokens[:cut]))
        if len(chunks) > MAX_CHUNKS:
            raise JobRefusedError(
                "prompt_too_long", f"The prompt is longer than {MAX_CHUNKS * room} tokens of this base. Shorten it."
            )
        tokens = tokens[cut:]
    return tuple(chunks)


def empty_chunk(tokenizer: Any) -> Chunk:
    """What the empty prompt is."""
    return _chunk(tokenizer, [])


def _tokens(tokenizer: Any, fragment: Fragment, vectors: Mapping[str, torch.Tensor]) -> Iterator[Token]:
    for text, word in split(fragment.text, vectors):
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        for own, written in zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True):
            yield Token(own, written, fragment.weight)
        rows = vectors[word] if word else ()
        for index, row in enumerate(rows, 1):
            # The start token's id holds their place: the pooled output is never taken at it, as it is at the highest id.
            yield Token(tokenizer.bos_token_id, WORD_END if index == len(rows) else "", fragment.weight, row)


def _cut(tokens: Sequence[str]) -> int:
    """How many of the tokens that fit to take: up to the last comma of the last quarter, else to the last whole word."""
    late = range(len(tokens), len(tokens) * 3 // 4, -1)
    comma = next((end for end in late if tokens[end - 1] == COMMA), 0)
    word = next((end for end in range(len(tokens), 0, -1) if tokens[end - 1].endswith(WORD_END)), 0)
    return comma or word or len(tokens)


def _chunk(tokenizer: Any, tokens: Sequence[Token]) -> Chunk:
    padding = tokenizer.model_max_length - 2 - len(tokens)
    ids = [token.id for token in tokens]
    return Chunk(
        (tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * padding),
        (1.0, *[token.weight for token in tokens], *[1.0] * (padding + 1)),
        {place: token.vector for place, token in enumerate(tokens, 1) if token.vector is not None},
    )
