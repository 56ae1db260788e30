"""From a prompt to what the UNet is told, remembered for as long as it is likely to be asked again."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch

from hub.jobs import GenerateJob
from plugins.sdxl.adapters import Outfit, Wardrobe

ENCODERS = ("text_encoder", "text_encoder_2")
# At SDXL 1.0's widths one takes 1.3 MB in float32.
REMEMBERED = 64


@dataclass(frozen=True)
class Conditioning:
    """Unconditional then conditional, or the latter alone. tokens: [rows, 77, width], pooled: [rows, width]."""

    tokens: torch.Tensor
    pooled: torch.Tensor


class Prompts:
    """Encodes through the outfit's own text encoders; the same prompt in the same outfit is encoded once."""

    def __init__(self, pipeline: Any, wardrobe: Wardrobe) -> None:
        self._pipeline, self._wardrobe = pipeline, wardrobe
        self._known: OrderedDict[tuple[object, ...], Conditioning] = OrderedDict()

    def encode(self, job: GenerateJob, outfit: Outfit) -> Conditioning:
        guided = job.guidance_scale > 1
        key = (job.prompt, job.negative_prompt if guided else None, guided, outfit.key(ENCODERS))
        if key not in self._known:
            self._known[key] = self._encoded(job, outfit, guided=guided)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    def _encoded(self, job: GenerateJob, outfit: Outfit, *, guided: bool) -> Conditioning:
        with self._wardrobe.worn(ENCODERS, [(outfit, 1)]):
            tokens, no_tokens, pooled, no_pooled = self._pipeline.encode_prompt(
                prompt=job.prompt,
                device=self._pipeline.device,
                do_classifier_free_guidance=guided,
                # None, not "": with no negative prompt the pipeline uses zeros, as SDXL was trained.
                negative_prompt=job.negative_prompt or None,
            )
        if not guided:
            return Conditioning(tokens, pooled)
        return Conditioning(torch.cat([no_tokens, tokens]), torch.cat([no_pooled, pooled]))
