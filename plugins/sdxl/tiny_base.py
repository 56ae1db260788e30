"""Builds a base with SDXL's topology and random weights, so that tests run the very code that runs SDXL.

`python -m plugins.sdxl.tiny_base OUT_DIR` writes it as an ordinary diffusers folder. Only widths and depths shrink;
blocks, names, conditioning, tokenizers and scheduler are SDXL's. Its pictures are soft colour fields: nothing was
trained, so a prompt changes them but doesn't describe them.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils.logging import disable_progress_bar

from plugins.sdxl.vocabulary import Vocabulary, train

RECIPE = 1
RECIPE_FILE = "irodori_recipe.json"
TEXT_WIDTH = 32
TIME_IDS, TIME_ID_WIDTH = 6, 32

UNET = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (32, 64, 96),
    "layers_per_block": 2,
    "transformer_layers_per_block": (1, 1, 2),
    "attention_head_dim": (2, 4, 6),
    "cross_attention_dim": 2 * TEXT_WIDTH,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": TIME_ID_WIDTH,
    "projection_class_embeddings_input_dim": TEXT_WIDTH + TIME_IDS * TIME_ID_WIDTH,
    "norm_num_groups": 32,
}
VAE = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (8, 16, 16, 16),
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 4,
    "sample_size": 128,
    "scaling_factor": 0.13025,
    "force_upcast": True,
}
# stabilityai/stable-diffusion-xl-base-1.0, scheduler/scheduler_config.json, with what DDIM and others read from it.
SCHEDULER = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "timestep_spacing": "leading",
    "steps_offset": 1,
    "interpolation_type": "linear",
    "use_karras_sigmas": False,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "sample_max_value": 1.0,
}


def build(seed: int = 0) -> StableDiffusionXLPipeline:
    """The whole pipeline in float32; the same seed gives the same weights, whatever else the process drew."""
    vocabulary = train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StableDiffusionXLPipeline(
            vae=_vae(),
            text_encoder=CLIPTextModel(_text_config(vocabulary, "quick_gelu", vocabulary.ids["<|endoftext|>"])),
            text_encoder_2=CLIPTextModelWithProjection(_text_config(vocabulary, "gelu", 0)),
            tokenizer=_tokenizer(vocabulary, "<|endoftext|>"),
            tokenizer_2=_tokenizer(vocabulary, "!"),
            unet=_unet(),
            scheduler=EulerDiscreteScheduler.from_config(SCHEDULER),
            add_watermarker=False,
        )


def write(folder: Path, seed: int = 0) -> Path:
    """Write the base to `folder` unless it is there already; a reader never sees half of one."""
    recipe = json.dumps({"recipe": RECIPE, "seed": seed})
    if _is_there(folder, recipe):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        fresh = Path(temporary) / "base"
        build(seed).save_pretrained(fresh)
        (fresh / RECIPE_FILE).write_text(recipe)
        _put_in_place(fresh, folder, recipe)
    return folder


def _is_there(folder: Path, recipe: str) -> bool:
    done = folder / RECIPE_FILE
    return done.is_file() and done.read_text() == recipe


def _put_in_place(fresh: Path, folder: Path, recipe: str) -> None:
    """Rename; where another process was first with the same recipe, what it wrote is the same."""
    if _is_there(folder, recipe):
        return
    if folder.exists():
        shutil.rmtree(folder)
    try:
        fresh.rename(folder)
    except OSError:
        if not _is_there(folder, recipe):
            raise


def _text_config(vocabulary: Vocabulary, activation: str, pad: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(vocabulary.ids),
        hidden_size=TEXT_WIDTH,
        intermediate_size=2 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=77,
        hidden_act=activation,
        bos_token_id=vocabulary.ids["<|startoftext|>"],
        eos_token_id=vocabulary.ids["<|endoftext|>"],
        pad_token_id=pad,
        # CLIP's default of 0.02 is for wide layers; here it would leave all prompts alike.
        initializer_factor=5.0,
    )


def _tokenizer(vocabulary: Vocabulary, pad: str) -> CLIPTokenizer:
    return CLIPTokenizer(
        vocab=vocabulary.ids,
        merges=list(vocabulary.merges),
        pad_token=pad,
        model_max_length=77,
        clean_up_tokenization_spaces=False,
    )


def _unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(**UNET)
    _scale(unet.conv_out, 2.0)
    for name, module in unet.named_modules():
        if name.endswith("attn2.to_out.0"):
            _scale(module, 4.0)
    return unet


def _vae() -> AutoencoderKL:
    vae = AutoencoderKL(**VAE)
    blur = torch.tensor([1.0, 2.0, 1.0])
    kernel = torch.outer(blur, blur) / 4
    for module in vae.decoder.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            # Every kernel a blur: noise in the latents comes out as soft fields.
            module.weight.data = module.weight.data[:, :, 1:2, 1:2] * kernel
    _scale(vae.decoder.conv_out, 0.8)
    return vae


def _scale(module: nn.Module, factor: float) -> None:
    assert isinstance(module, nn.Linear | nn.Conv2d)  # noqa: S101 - narrows the type
    module.weight.data *= factor


def main() -> None:
    """Write the base to the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m plugins.sdxl.tiny_base OUT_DIR")
    disable_progress_bar()
    write(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
