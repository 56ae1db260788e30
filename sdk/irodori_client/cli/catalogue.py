"""`iro bases`, `iro styles` and `iro licence`: what there is to draw with, and on what terms."""

from itertools import islice
from typing import Annotated

import typer

from irodori_client.cli.completion import style_slugs
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, session_of
from irodori_client.models import Style, Version

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
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Say what a style's licence permits, and what must be said beside each picture."""
    session = session_of(context)
    with session.client() as client:
        page = client.styles.get(style)
    version = page.latest if number is None else _numbered(page.versions, number)
    session.out.result(_terms(version), _permissions(version))


def _numbered(versions: tuple[Version, ...], number: int) -> Version:
    for version in versions:
        if version.number == number:
            return version
    there = ", ".join(str(version.number) for version in versions)
    raise typer.BadParameter(f"There is no version {number}, but {there}.", param_hint="--version")


def _row(style: Style) -> tuple[str, ...]:
    latest = style.latest
    return style.slug, style.title, style.creator, latest.base_model, usd(latest.price_micro), latest.licence.id


def _line(version: Version) -> str:
    triggers = f", triggers “{version.trigger_words}”" if version.trigger_words else ""
    return (
        f"version {version.number} ({version.state}): {version.kind} for {version.base_model}, "
        f"{usd(version.price_micro)} per picture, {version.licence.id}{triggers}"
    )


_MAY = {
    "outputs_may_train": "pictures may train models",
    "may_be_merged": "may be merged with other styles",
    "may_be_derived": "others may publish styles made from it",
    "may_be_resold": "partners may resell pictures",
}


def _terms(version: Version) -> dict[str, object]:
    shown = {"version", "licence", "credit", "attribution", "public_from", *_MAY}
    return version.model_dump(mode="json", include=shown) | {"version": version.id}


def _permissions(version: Version) -> str:
    lines = [f"{version.licence.title} ({version.licence.id})", version.licence.summary]
    lines += [f"{'yes' if getattr(version, name) else 'no '}  {words}" for name, words in _MAY.items()]
    if version.credit:
        lines.append(f"Say beside each picture: {version.credit}")
    return "\n".join(line for line in lines if line)
