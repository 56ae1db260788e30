"""`python -m training.run STAGE`: trains one stage after another, each from its checkpoint where there is one."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from diffusers import AutoencoderKL, StableDiffusionXLPipeline

from training.base import TextEncoders, new_text_encoders, new_unet, train_base
from training.concepts import STYLE_LOOKS
from training.dataset import Artwork, learned_tokenizer, set_scaling_factor, training_set
from training.folder import load, pipeline, save
from training.sheets import contact_sheet
from training.styles import save_style, train_style
from training.vae import new_vae, train_vae

VAE_STEPS, BASE_STEPS, STYLE_STEPS = 3000, 6000, 600
app = typer.Typer(help="Train the small base that ships, and its styles.", no_args_is_help=True)
Packages = Annotated[Path, typer.Option(help="The node_modules folder with the artwork.")]
Work = Annotated[Path, typer.Option(help="Where checkpoints, curves and sheets go.")]
Steps = Annotated[int, typer.Option(help="How long to train; the learning rate falls to almost nothing at the end.")]
PACKAGES, WORK = Path("training/node_modules"), Path("var/training")


@app.command()
def vae(steps: Steps = VAE_STEPS, packages: Packages = PACKAGES, work: Work = WORK) -> None:
    """Stage 1: the autoencoder."""
    trained_vae(Artwork(packages, work), steps)


@app.command()
def base(
    steps: Steps = BASE_STEPS,
    start: Annotated[Path | None, typer.Option(help="A base to continue from where there is no checkpoint.")] = None,
    out: Annotated[Path, typer.Option(help="The folder to write the base to.")] = WORK / "base",
    packages: Packages = PACKAGES,
    work: Work = WORK,
) -> None:
    """Stage 2: the UNet and its text encoders, on stage 1's autoencoder or the one of `--start`."""
    artwork = Artwork(packages, work)
    torch.manual_seed(0)
    made = load(start) if start else untrained(trained_vae(artwork, VAE_STEPS), artwork)
    text = TextEncoders(made.text_encoder, made.text_encoder_2)

    def preview(step: int) -> None:
        contact_sheet(made, artwork, work / f"base-{step // 1000}k.png")
        save(made, out)

    train_base(made.unet, text, training_set(artwork, made.vae, made.tokenizer, "noto"), work, steps, preview)
    save(made, out)


@app.command()
def styles(
    steps: Steps = STYLE_STEPS, base: Path = WORK / "base", packages: Packages = PACKAGES, work: Work = WORK
) -> None:
    """Stage 3: one LoRA for each look, on a base that is trained."""
    artwork = Artwork(packages, work)
    for look in STYLE_LOOKS:
        made = load(base)
        data = training_set(artwork, made.vae, made.tokenizer, look)
        text = TextEncoders(made.text_encoder, made.text_encoder_2)
        save_style(train_style(made.unet, text, data, look, work, steps), work / "styles", look)
        made.load_lora_weights(work / "styles", weight_name=f"{look}.safetensors")
        contact_sheet(made, artwork, work / f"style-{look}.png", look)


@app.command()
def evaluate(base: Path = WORK / "base", packages: Packages = PACKAGES, work: Work = WORK) -> None:
    """Measure a base against what its card claims; writes var/bench/base.json."""
    # Its feature network is loaded only here, so that training runs without it.
    from training.evaluate import evaluate as measure

    artwork = Artwork(packages, work)
    made = load(base)
    torch.manual_seed(0)
    measure(artwork, made, untrained(made.vae, artwork))


def trained_vae(artwork: Artwork, steps: int) -> AutoencoderKL:
    torch.manual_seed(0)
    model = new_vae().to(memory_format=torch.channels_last)
    train_vae(model, artwork.all_looks(), artwork.work, steps)
    model.requires_grad_(False).eval()
    set_scaling_factor(artwork, model)
    return model


def untrained(model: AutoencoderKL, artwork: Artwork) -> StableDiffusionXLPipeline:
    """A base that only has its autoencoder and its vocabulary."""
    tokenizer = learned_tokenizer(artwork)
    return pipeline(model, new_unet(), new_text_encoders(tokenizer), tokenizer)


if __name__ == "__main__":
    app()
