"""`python -m training.run STAGE`: trains one stage after another, each from its checkpoint where there is one."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from diffusers import AutoencoderKL, LCMScheduler, StableDiffusionXLPipeline

from bench.common import report
from plugins.upscale.network import Network
from training import parallel
from training.base import new_unet, train_base
from training.concepts import BASE_LOOK, STYLE_LOOKS
from training.dataset import Artwork, learned_tokenizer, set_scaling_factor, training_set
from training.encoded import Encoded, encoded
from training.fewstep import train_few_step
from training.folder import load, pipeline, save
from training.layout import train_text
from training.lora import save_lora
from training.sheets import contact_sheet
from training.ship import UPSCALE_CARD, shipped, write_card
from training.styles import train_style
from training.text import TextEncoders, new_text_encoders
from training.upscale import STEPS as UPSCALE_STEPS
from training.upscale import measured, save_upscaler, train_upscaler
from training.vae import new_vae, train_vae

VAE_STEPS, TEXT_STEPS, BASE_STEPS, STYLE_STEPS, FEW_STEP_STEPS = 3000, 3000, 6000, 600, 400
app = typer.Typer(help="Train the small base that ships, and its styles.", no_args_is_help=True)
Packages = Annotated[Path, typer.Option(help="The node_modules folder with the artwork.")]
Work = Annotated[Path, typer.Option(help="Where checkpoints, curves and sheets go.")]
Steps = Annotated[int, typer.Option(help="How long to train; the learning rate falls to almost nothing at the end.")]
PACKAGES, WORK, SHIPPED = Path("training/node_modules"), Path("var/training"), Path("models")


@app.callback()
def joined() -> None:
    parallel.join()


@app.command()
def vae(steps: Steps = VAE_STEPS, packages: Packages = PACKAGES, work: Work = WORK) -> None:
    """Stage 1: the autoencoder."""
    trained_vae(Artwork(packages, work), steps)


@app.command()
def text(
    steps: Steps = TEXT_STEPS,
    start: Annotated[Path | None, typer.Option(help="A base whose other parts to keep.")] = None,
    vae: Annotated[Path | None, typer.Option(help="A trained autoencoder's folder, instead of stage 1's.")] = None,
    out: Annotated[Path, typer.Option(help="The folder to write the base to.")] = WORK / "text",
    packages: Packages = PACKAGES,
    work: Work = WORK,
) -> None:
    """Stage 2: the text encoders, which learn what is where in a caption's picture."""
    artwork = Artwork(packages, work)
    torch.manual_seed(0)
    made = load(start) if start else untrained(trained_vae(artwork, VAE_STEPS, vae), artwork)
    encoders = TextEncoders(made.text_encoder, made.text_encoder_2)
    train_text(encoders, training_set(artwork, made.vae, made.tokenizer, BASE_LOOK), work, steps)
    save(made, out)


@app.command()
def base(
    steps: Steps = BASE_STEPS,
    start: Annotated[Path, typer.Option(help="What to begin with where there is no checkpoint.")] = WORK / "text",
    out: Annotated[Path, typer.Option(help="The folder to write the base to.")] = WORK / "base",
    packages: Packages = PACKAGES,
    work: Work = WORK,
) -> None:
    """Stage 3: the UNet, on trained text encoders."""
    artwork, made = Artwork(packages, work), load(start)

    def preview(step: int) -> None:
        contact_sheet(made, artwork, work / f"base-{step // 1000}k.png")
        if parallel.is_first():
            save(made, out)

    train_base(made.unet, encoded_set(artwork, made, BASE_LOOK), work, steps, preview)
    if parallel.is_first():
        save(made, out)


@app.command()
def styles(
    steps: Steps = STYLE_STEPS, base: Path = WORK / "base", packages: Packages = PACKAGES, work: Work = WORK
) -> None:
    """Stage 4: one LoRA for each look, on a base that is trained."""
    artwork = Artwork(packages, work)
    for look in STYLE_LOOKS:
        made = load(base)
        own, other = (training_set(artwork, made.vae, made.tokenizer, name) for name in (BASE_LOOK, look))
        tensors = train_style(made, own, other, look, work, steps)
        if parallel.is_first():
            save_lora(tensors, work / "styles", look)
        parallel.meet()
        made = load(base)
        made.load_lora_weights(work / "styles", weight_name=f"{look}.safetensors")
        contact_sheet(made, artwork, work / f"style-{look}.png", look)


@app.command()
def few_step(
    steps: Steps = FEW_STEP_STEPS, base: Path = WORK / "base", packages: Packages = PACKAGES, work: Work = WORK
) -> None:
    """Stage 5: a LoRA that draws in four steps without guidance."""
    artwork, made = Artwork(packages, work), load(base)
    tensors = train_few_step(made.unet, encoded_set(artwork, made, BASE_LOOK), work, steps)
    if parallel.is_first():
        save_lora(tensors, work / "styles", "few-step")
    parallel.meet()
    made = load(base)
    made.load_lora_weights(work / "styles", weight_name="few-step.safetensors")
    made.scheduler = LCMScheduler.from_config(made.scheduler.config)
    contact_sheet(made, artwork, work / "few-step.png", steps=4, guidance=1.0)


@app.command()
def upscale(
    steps: Steps = UPSCALE_STEPS,
    out: Annotated[Path, typer.Option(help="The folder to write the weights to.")] = SHIPPED / "irodori-x2",
    packages: Packages = PACKAGES,
    work: Work = WORK,
) -> None:
    """The upscaler, which depends on no other stage; writes var/bench/upscale.json and the card."""
    artwork = Artwork(packages, work)
    torch.manual_seed(0)
    network = Network()
    train_upscaler(network, artwork, steps)
    if parallel.is_first():
        save_upscaler(network, out)
        report("upscale", measured(network, artwork))
        write_card(out / "README.md", UPSCALE_CARD, "upscale")


@app.command()
def evaluate(
    base: Path = SHIPPED / "irodori-small",
    styles: Path = SHIPPED / "styles",
    packages: Packages = PACKAGES,
    work: Work = WORK,
) -> None:
    """Measure a base and its adapters against what the card claims; writes var/bench/base.json."""
    # Their feature network is loaded only here, so that training runs without it.
    from training.evaluate import Bench, content_rows, generalisation_rows, speed_row
    from training.evaluate_styles import few_step_row, style_row

    bench, made = Bench(Artwork(packages, work)), load(base)
    torch.manual_seed(0)
    content = content_rows(bench, made, untrained(made.vae, bench.artwork))
    top5 = next(row.value for row in content if row.id == "top5")
    rest = [*generalisation_rows(bench, made), speed_row(made), style_row(bench, made, styles)]
    rows = [*content, *rest, few_step_row(bench, made, styles, top5)]
    if parallel.is_first():
        report("base", rows)


@app.command()
def ship(work: Work = WORK, out: Path = SHIPPED) -> None:
    """Copy the trained base and its adapters to where the hub and its users find them, and write the card."""
    shipped(work, out)


def encoded_set(artwork: Artwork, made: StableDiffusionXLPipeline, look: str) -> Encoded:
    data = training_set(artwork, made.vae, made.tokenizer, look)
    return encoded(TextEncoders(made.text_encoder, made.text_encoder_2), data)


def trained_vae(artwork: Artwork, steps: int, made: Path | None = None) -> AutoencoderKL:
    """The autoencoder in `made` where one is named, else stage 1's."""
    if made:
        return AutoencoderKL.from_pretrained(made, torch_dtype=torch.float32)
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
