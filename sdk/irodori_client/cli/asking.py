"""The options by which a picture is described, for one order and for many."""

from dataclasses import dataclass
from typing import Annotated

import typer

from irodori_client.cli.completion import base_slugs, style_slugs
from irodori_client.client import Client
from irodori_client.models import Order

Styles = Annotated[
    list[str] | None,
    typer.Option(
        "--style", "-s", help="NAME or NAME:WEIGHT, such as washed-ink:0.8; several mix.", autocompletion=style_slugs
    ),
]
Base = Annotated[
    str | None,
    typer.Option(help="The base; the style's, or the hub's first, if left out.", autocompletion=base_slugs),
]
Negative = Annotated[str, typer.Option(help="What not to draw.")]
Width = Annotated[int | None, typer.Option(help="In pixels; the base's own if left out.")]
Height = Annotated[int | None, typer.Option(help="In pixels; the base's own if left out.")]
Steps = Annotated[int | None, typer.Option(help="The base's own if left out.")]
Guidance = Annotated[float | None, typer.Option(help="How closely to keep to the prompt; the base's own if left out.")]
Seed = Annotated[int | None, typer.Option(help="The same again gives the same picture; by chance if left out.")]
Scheduler = Annotated[str, typer.Option(help="How it is denoised; the base's first if left out.")]


@dataclass(frozen=True)
class Asking:
    """What was chosen."""

    styles: list[str] | None
    base: str | None
    negative: str
    width: int | None
    height: int | None
    steps: int | None
    guidance: float | None
    seed: int | None
    scheduler: str
    resale: bool

    def order(self, client: Client, prompt: str) -> Order:
        return client.generations.compose(
            prompt,
            styles=weights(self.styles or []),
            base_model=self.base,
            negative_prompt=self.negative,
            width=self.width,
            height=self.height,
            steps=self.steps,
            guidance_scale=self.guidance,
            seed=self.seed,
            scheduler=self.scheduler,
            resale=self.resale,
        )


def weights(styles: list[str]) -> dict[str, float]:
    """`["ink", "lino:0.5"]` as `{"ink": 1.0, "lino": 0.5}`."""
    chosen: dict[str, float] = {}
    for style in styles:
        slug, colon, weight = style.partition(":")
        try:
            chosen[slug] = float(weight) if colon else 1.0
        except ValueError as error:
            raise typer.BadParameter(
                f"“{style}” is not NAME:WEIGHT, such as {slug}:0.8.", param_hint="--style"
            ) from error
    return chosen
