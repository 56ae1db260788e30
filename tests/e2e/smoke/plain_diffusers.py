"""Writes what a creator uploads, then draws with diffusers alone what the hub is expected to draw from it.

Runs as a process of its own: `python -m tests.e2e.smoke.plain_diffusers BASE FOLDER`. The files are there when
FOLDER/files.done is, the pictures when the process ends.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file

from plugins.sdxl.samples import write_finetuned_unet, write_kohya_lora
from tests.e2e.smoke.orders import LORA_WEIGHT, PICTURE


def main(base: Path, folder: Path) -> None:
    lora = write_kohya_lora(base, folder / "lora.safetensors", rank=8, seed=1)
    fine_tune = write_finetuned_unet(base, folder / "fine-tune.safetensors", seed=2)
    (folder / "files.done").touch()
    draw(base).save(folder / "plain.png")

    with_lora = pipeline(base)
    with_lora.load_lora_weights(str(lora), adapter_name="style")
    with_lora.set_adapters("style", LORA_WEIGHT)
    draw(base, with_lora).save(folder / "lora.png")

    fine_tuned = pipeline(base)
    fine_tuned.unet.load_state_dict(load_file(fine_tune))
    draw(base, fine_tuned).save(folder / "fine-tune.png")


def pipeline(base: Path) -> Any:
    made = StableDiffusionXLPipeline.from_pretrained(base, add_watermarker=False)
    made.set_progress_bar_config(disable=True)
    return made


def draw(base: Path, made: Any = None) -> Any:
    return (made or pipeline(base))(
        prompt=PICTURE["prompt"],
        width=PICTURE["width"],
        height=PICTURE["height"],
        num_inference_steps=PICTURE["steps"],
        guidance_scale=PICTURE["guidance_scale"],
        generator=torch.Generator("cpu").manual_seed(PICTURE["seed"]),
    ).images[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
