"""What a pipeline of diffusers computes once its LoRA is set: a picture, or one forward."""

import io
from typing import Any

import torch


def picture(pipe: Any, *, seed: int, **wanted: Any) -> bytes:
    """A PNG. `wanted` is what the pipeline takes."""
    file = io.BytesIO()
    pipe(generator=torch.Generator("cpu").manual_seed(seed), **wanted).images[0].save(file, "PNG")
    return file.getvalue()


def unet_forward(pipe: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """One request, no guidance."""
    with torch.no_grad():
        noise: torch.Tensor = pipe.unet(**inputs, return_dict=False)[0]
    return noise
