"""From a prompt to what the UNet is told, remembered for as long as it is likely to be asked again."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from hub.jobs import GenerateJob
from plugins.sdxl.adapters import Outfit, Wardrobe
from plugins.sdxl.chunks import Chunk, chunks_of, empty_chunk
from plugins.sdxl.weighting import fragments
from plugins.sdxl.words import read_as, refuse_silent, split

ENCODERS = ("text_encoder", "text_encoder_2")
# At SDXL 1.0's widths one of 77 tokens takes 1.3 MB in float32.
REMEMBERED = 64


@dataclass(frozen=True)
class Conditioning:
    """Unconditional then conditional, or the latter alone. tokens: [rows, length, width], pooled: [rows, width].

    `length` is the encoders' context for each chunk of the longer prompt: 77 on SDXL unless one is longer.
    """

    tokens: torch.Tensor
    pooled: torch.Tensor


@dataclass(frozen=True)
class Reading:
    """A prompt as each encoder's tokenizer cuts it."""

    plain: str | None
    """The text, where it has neither weights nor words of an adapter and fits one chunk: then diffusers' own way is taken."""
    chunks: tuple[tuple[Chunk, ...], ...]
    words: frozenset[str]

    @property
    def length(self) -> int:
        return max(len(own) for own in self.chunks)


class Prompts:
    """Encodes through the outfit's own text encoders; the same prompt in the same outfit is encoded once.

    A pipeline may have both encoders of SDXL or, as its refiner, the second one alone.
    """

    def __init__(self, pipeline: Any, wardrobe: Wardrobe) -> None:
        self._pipeline, self._wardrobe = pipeline, wardrobe
        self._known: OrderedDict[tuple[object, ...], Conditioning] = OrderedDict()

    def encode(self, job: GenerateJob, outfit: Outfit) -> Conditioning:
        """Raises JobRefusedError for a prompt that is too long, a weight out of range, or an embedding's word left out."""
        guided = job.guidance_scale > 1
        key = (job.prompt, job.negative_prompt if guided else None, guided, outfit.key(ENCODERS))
        if key not in self._known:
            self._known[key] = self._encoded(job, outfit, guided=guided)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    def _encoded(self, job: GenerateJob, outfit: Outfit, *, guided: bool) -> Conditioning:
        prompt = self._read(job.prompt, outfit)
        # None, not "": with no negative prompt the pipeline uses zeros, as SDXL was trained.
        negative = self._read(job.negative_prompt, outfit) if guided and job.negative_prompt else None
        refuse_silent(outfit.words, prompt.words | (negative.words if negative else frozenset()))
        with self._wardrobe.worn(ENCODERS, [(outfit, 1)]), torch.no_grad():
            if prompt.plain is not None and (negative is None or negative.plain is not None):
                return self._as_diffusers(prompt.plain, negative.plain if negative else None, guided=guided)
            return self._in_chunks(prompt, negative, guided=guided)

    def _read(self, prompt: str, outfit: Outfit) -> Reading:
        found, names = fragments(prompt), ENCODERS[-len(self._encoders()) :]
        vectors = [outfit.vectors(name) for name in names]
        chunks = tuple(
            chunks_of(tokenizer, found, words) for (tokenizer, _), words in zip(self._encoders(), vectors, strict=True)
        )
        said = frozenset(word for part in found for _, word in split(part.text, vectors[0]) if word)
        usual = len(found) == 1 == max(len(own) for own in chunks) and found[0].weight == 1 and not said
        return Reading(found[0].text if usual else None, chunks, said)

    def _as_diffusers(self, prompt: str, negative: str | None, *, guided: bool) -> Conditioning:
        tokens, no_tokens, pooled, no_pooled = self._pipeline.encode_prompt(
            prompt=prompt,
            device=self._pipeline.device,
            do_classifier_free_guidance=guided,
            negative_prompt=negative,
        )
        if not guided:
            return Conditioning(tokens, pooled)
        return Conditioning(torch.cat([no_tokens, tokens]), torch.cat([no_pooled, pooled]))

    def _in_chunks(self, prompt: Reading, negative: Reading | None, *, guided: bool) -> Conditioning:
        """The shorter of both is filled up with empty chunks: both rows of a forward are of one length."""
        length = max(prompt.length, negative.length if negative else 0)
        tokens, pooled = self._told(prompt, length)
        if not guided:
            return Conditioning(tokens, pooled)
        if negative is None and not self._pipeline.config.force_zeros_for_empty_prompt:
            negative = self._read("", Outfit())
        no_tokens, no_pooled = self._told(negative, length) if negative else map(torch.zeros_like, (tokens, pooled))
        return Conditioning(torch.cat([no_tokens, tokens]), torch.cat([no_pooled, pooled]))

    def _told(self, reading: Reading, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """tokens: [1, length x context, width], and the pooled output of the first chunk: [1, width]."""
        told = [
            _encode(encoder, tokenizer, chunks, length)
            for (tokenizer, encoder), chunks in zip(self._encoders(), reading.chunks, strict=True)
        ]
        return torch.cat([tokens for tokens, _ in told], dim=-1), told[-1][1]

    def _encoders(self) -> list[tuple[Any, Any]]:
        """Each tokenizer and its encoder; only the last one's pooled output counts."""
        pipeline = self._pipeline
        both = [(pipeline.tokenizer, pipeline.text_encoder), (pipeline.tokenizer_2, pipeline.text_encoder_2)]
        return [(tokenizer, encoder) for tokenizer, encoder in both if encoder is not None]


def _encode(encoder: Any, tokenizer: Any, chunks: Sequence[Chunk], length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A token that counts w times lies w times as far from where the empty prompt has it, at the same position."""
    empty = empty_chunk(tokenizer)
    without, _ = _hidden(encoder, empty)
    told, pooled = [], []
    for chunk in (*chunks, *[empty] * (length - len(chunks))):
        hidden, own = _hidden(encoder, chunk)
        weights = torch.tensor(chunk.weights, dtype=hidden.dtype, device=hidden.device)[None, :, None]
        told.append(torch.where(weights == 1, hidden, without + weights * (hidden - without)))
        pooled.append(own)
    return torch.cat(told, dim=1), pooled[0]


def _hidden(encoder: Any, chunk: Chunk) -> tuple[torch.Tensor, torch.Tensor]:
    """The last but one layer [1, context, width], as SDXL was trained, and the encoder's own first output."""
    with read_as(encoder, chunk.vectors) if chunk.vectors else nullcontext():
        output = encoder(torch.tensor([chunk.ids], device=encoder.device), output_hidden_states=True)
    return output.hidden_states[-2], output[0]
