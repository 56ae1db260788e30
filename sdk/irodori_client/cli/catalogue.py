"""`iro bases`, `iro styles` and `iro licence`: what there is to draw with, and on what terms."""

from enum import Enum
from itertools import islice
from typing import Annotated

import typer

from irodori_client.cli.completion import style_slugs
from irodori_client.cli.files import write
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, session_of
from irodori_client.models import Statement, Style, Version


class Form(str, Enum):
    JSONLD = "jsonld"
    RSL = "rsl"
    MODEL_CARD = "md"
    TDMREP = "tdmrep"


styles = typer.Typer(no_args_is_help=True, help="Look for styles, and at one.")


def bases(context: typer.Context, json: Json = False) -> None:  # noqa: ARG001 - its callback has read it
    """List the bases that the hub draws with."""
    session = session_of(context)
    with session.client() as client:
        found = client.bases.all()
    rows = [
        (base.slug, base.title, base.licence, f"{base.min_side}-{base.max_side}", base.default_steps) for base in found
    ]
    session.out.rows(found, ("base", "title", "licence", "sides", "steps"), rows)


@styles.command()
def search(
    context: typer.Context,
    words: Annotated[
        str, typer.Argument(help="In title, trigger words or creator's name; all styles if left out.")
    ] = "",
    base: Annotated[str | None, typer.Option(help="Only styles for this base.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Search the published styles."""
    session = session_of(context)
    with session.client() as client:
        found = list(islice(client.styles.search(words, base_model=base), limit))
    session.out.rows(found, ("style", "title", "creator", "base", "price per picture", "licence"), map(_row, found))


@styles.command()
def show(
    context: typer.Context,
    style: Annotated[str, typer.Argument(help="Its name in addresses.", autocompletion=style_slugs)],
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Show one style with all its versions."""
    session = session_of(context)
    with session.client() as client:
        page = client.styles.get(style)
    lines = [page.title, f"by {page.creator}", page.description, *map(_line, page.versions)]
    session.out.result(page, "\n".join(line for line in lines if line))


def licence(
    context: typer.Context,
    style: Annotated[str, typer.Argument(help="Its name in addresses.", autocompletion=style_slugs)],
    number: Annotated[
        int | None, typer.Option("--version", help="The version's number; the newest if left out.")
    ] = None,
    form: Annotated[Form | None, typer.Option("--as", help="As a file that other programs read.")] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Say what a style's creator grants, in plain words, or as ODRL, RSL, a model card or a TDMRep policy."""
    session = session_of(context)
    with session.client() as client:
        chosen = number or client.styles.get(style).latest.number
        if form:
            write("-", client.licences.file(style, chosen, form.value))
            return
        found = client.licences.get(style, chosen)
    lines = [f"{style}, version {chosen}: {found.licence}", *map(_clause, found.words), found.page]
    session.out.result(found, "\n".join(lines))


def _row(style: Style) -> tuple[str, ...]:
    latest = style.latest
    return style.slug, style.title, style.creator, latest.base_model, usd(latest.price_micro), latest.licence.id


def _line(version: Version) -> str:
    triggers = f", triggers “{version.trigger_words}”" if version.trigger_words else ""
    return (
        f"version {version.number} ({version.state}): {version.kind} for {version.base_model}, "
        f"{usd(version.price_micro)} per picture, {version.licence.id}{triggers}"
    )


def _clause(said: Statement) -> str:
    mark = {True: "yes", False: "no ", None: "   "}[said.allowed]
    return f"{mark}  {said.title}: {said.detail}"
