"""Cuts a prompt of any length into pieces that a text encoder can read, each as the tokenizer writes a short prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.plugin_api import JobRefusedError
from plugins.sdxl.weighting import Fragment

# 600 words on SDXL: the longest prompt a job may carry fits, and the UNet's cross-attention stays small.
MAX_CHUNKS = 8
COMMA, WORD_END = ",</w>", "</w>"


@dataclass(frozen=True)
class Chunk:
    """As many ids as the encoder's context, start, end and padding included; a weight for each."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


def chunks_of(tokenizer: Any, fragments: Sequence[Fragment]) -> tuple[Chunk, ...]:
    """At least one. Raises JobRefusedError for more than MAX_CHUNKS."""
    ids: list[int] = []
    weights: list[float] = []
    for fragment in fragments:
        own = tokenizer(fragment.text, add_special_tokens=False, verbose=False).input_ids
        ids += own
        weights += [fragment.weight] * len(own)
    chunks = [] if ids else [empty_chunk(tokenizer)]
    room = tokenizer.model_max_length - 2
    while ids:
        cut = len(ids) if len(ids) <= room else _cut(tokenizer.convert_ids_to_tokens(ids[:room]))
        chunks.append(_chunk(tokenizer, ids[:cut], weights[:cut]))
        if len(chunks) > MAX_CHUNKS:
            raise JobRefusedError(
                "prompt_too_long", f"The prompt is longer than {MAX_CHUNKS * room} tokens of this base. Shorten it."
            )
        ids, weights = ids[cut:], weights[cut:]
    return tuple(chunks)


def empty_chunk(tokenizer: Any) -> Chunk:
    """What the empty prompt is."""
    return _chunk(tokenizer, [], [])


def _cut(tokens: Sequence[str]) -> int:
    """How many of the tokens that fit to take: up to the last comma of the last quarter, else to the last whole word."""
    late = range(len(tokens), len(tokens) * 3 // 4, -1)
    comma = next((end for end in late if tokens[end - 1] == COMMA), 0)
    word = next((end for end in range(len(tokens), 0, -1) if tokens[end - 1].endswith(WORD_END)), 0)
    return comma or word or len(tokens)


def _chunk(tokenizer: Any, ids: Sequence[int], weights: Sequence[float]) -> Chunk:
    padding = tokenizer.model_max_length - 2 - len(ids)
    return Chunk(
        (tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * padding),
        (1.0, *weights, *[1.0] * (padding + 1)),
    )
