"""Writes the fine-tune that a creator uploads, then draws with diffusers alone what the hub is expected to draw from it.

Runs as a process of its own: `python -m tests.e2e.smoke.plain_diffusers FOLDER`. The file is there when
FOLDER/files.done is, the pictures when the process ends.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file

from hub.local import shipped
from plugins.sdxl.samples import write_finetuned_unet
from tests.e2e.smoke.orders import LORA_WEIGHT, LORAS, PICTURE


def main(folder: Path) -> None:
    fine_tune = write_finetuned_unet(shipped.BASE, folder / "fine-tune.safetensors", seed=2, strength=0.05)
    (folder / "files.done").touch()
    draw(pipeline()).save(folder / "plain.png")

    for name in LORAS:
        styled = pipeline()
        styled.load_lora_weights(shipped.STYLES, weight_name=f"{name}.safetensors", adapter_name="style")
        styled.set_adapters("style", LORA_WEIGHT)
        draw(styled).save(folder / f"{name}.png")

    fine_tuned = pipeline()
    fine_tuned.unet.load_state_dict(load_file(fine_tune))
    draw(fine_tuned).save(folder / "fine-tune.png")


def pipeline() -> Any:
    # float32, as the hub computes on a CPU; the files are float16.
    made = StableDiffusionXLPipeline.from_pretrained(shipped.BASE, dtype=torch.float32, add_watermarker=False)
    made.set_progress_bar_config(disable=True)
    return made


def draw(made: Any) -> Any:
    return made(
        prompt=PICTURE["prompt"],
        width=PICTURE["width"],
        height=PICTURE["height"],
        num_inference_steps=PICTURE["steps"],
        guidance_scale=PICTURE["guidance_scale"],
        generator=torch.Generator("cpu").manual_seed(PICTURE["seed"]),
    ).images[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
