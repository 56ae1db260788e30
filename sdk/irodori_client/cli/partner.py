"""`iro partner`: what an organisation may license, its quotes and grants, and what it made under them."""

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from irodori_client.cli.files import write
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, session_of
from irodori_client.models import Grant, GrantQuote, GrantWanted

DAY = ["%Y-%m-%d"]
Permissions = Annotated[
    list[str] | None,
    typer.Option("--permission", "-p", help="Such as commercial_use, merging or derivatives; several for all of them."),
]
Territory = Annotated[
    list[str] | None,
    typer.Option("--territory", "-t", help="A country code, such as JP; several for all of them, none for everywhere."),
]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")]

partner = typer.Typer(no_args_is_help=True, help="License styles for your organisation, with its key.")


@partner.command()
def licensable(
    context: typer.Context,
    permission: Permissions = None,
    territory: Territory = None,
    limit: Limit = 20,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """List the versions that may be licensed, and what an image of each costs."""
    session = session_of(context)
    with session.client() as client:
        every = client.partner.licensable(permissions=permission or (), territory=territory or ())
        found = list(islice(every, limit))
    rows = [
        (each.version, each.slug, each.number, each.creator, usd(each.price_micro), _listed(each.permissions), _where(each.territory))
        for each in found
    ]  # fmt: skip
    names = ("version", "style", "number", "creator", "price per image", "permissions", "territory")
    session.out.rows(found, names, rows)


@partner.command()
def quote(
    context: typer.Context,
    version: Annotated[int, typer.Argument(help="Its number in `iro partner licensable`.")],
    images: Annotated[int, typer.Option(min=1, help="The most that may be made.")],
    permission: Permissions = None,
    territory: Territory = None,
    days: Annotated[int, typer.Option(min=1, help="How long new images may be made.")] = 365,
    prepaid: Annotated[
        bool, typer.Option("--prepaid", help="Pay all images at once, and computing alone later.")
    ] = False,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Say what a grant would cost, and print the quote that `iro partner accept` takes. It holds for a quarter of an hour."""
    wanted = GrantWanted(
        version=version,
        permissions=tuple(permission or ("commercial_use",)),
        territory=tuple(territory or ()),
        days=days,
        images=images,
        payment="prepaid" if prepaid else "per_image",
    )
    session = session_of(context)
    with session.client() as client:
        found = client.partner.quote(wanted)
    session.out.note(_price(found))
    session.out.result(found, found.quote)


@partner.command()
def accept(
    context: typer.Context,
    quote: Annotated[str, typer.Argument(help="What `iro partner quote` printed.")],
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Agree to a quote: what is due is paid, and the grant's id is printed. Twice is once."""
    session = session_of(context)
    with session.client() as client:
        grant = client.partner.accept(quote)
    session.out.result(grant, str(grant.id))


@partner.command()
def grants(
    context: typer.Context,
    limit: Limit = 20,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """List your organisation's grants. `iro generate --grant ID` draws under one."""
    session = session_of(context)
    with session.client() as client:
        found = list(islice(client.partner.grants(), limit))
    names = ("grant", "state", "style", "images", "until", "permissions", "territory")
    session.out.rows(found, names, map(_row, found))


@partner.command()
def receipt(
    context: typer.Context,
    grant: Annotated[UUID, typer.Argument(help="The id of a grant.")],
    output: Annotated[str, typer.Option("--output", "-o", help="Where to save it; - is stdout.")] = "-",
) -> None:
    """Fetch a grant's signed receipt. `iro receipt` fetches and checks an image's."""
    with session_of(context).client() as client:
        write(output, client.partner.grant_receipt(grant))


@partner.command()
def usage(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="A day in UTC; the first of this month if left out.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Today if left out.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Save a line for each image here.", dir_okay=False)
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Say what was made under each grant."""
    session = session_of(context)
    days = (first.date() if first else None, last.date() if last else None)
    with session.client() as client:
        if csv_file:
            client.partner.save_usage(csv_file, *days)
            session.out.result({"file": str(csv_file)}, str(csv_file))
            return
        found = client.partner.usage(*days)
    rows = [(each.grant, each.title, each.images, usd(each.paid_micro)) for each in found.grants]
    session.out.rows([found], ("grant", "style", "images", "paid"), rows)


@partner.command()
def statements(
    context: typer.Context,
    month: Annotated[str, typer.Option(help="Save this one, such as 2026-11; all are listed if left out.")] = "",
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Where to save it; MONTH.csv if left out.", dir_okay=False)
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """List the statements of months that are over, or save one as CSV."""
    session = session_of(context)
    with session.client() as client:
        if month:
            path = client.partner.save_statement(month, csv_file or Path(f"{month}.csv"))
            session.out.result({"file": str(path)}, str(path))
            return
        found = list(client.partner.statements())
    rows = [(each.month, each.lines, usd(each.paid_micro), usd(each.closing_micro)) for each in found]
    session.out.rows(found, ("month", "lines", "paid", "balance at its end"), rows)


def _price(found: GrantQuote) -> str:
    due = f"{usd(found.total_micro)} due at once" if found.total_micro else "nothing due yet"
    return f"{found.title}: {usd(found.unit_price_micro)} an image, {due}"


def _row(grant: Grant) -> tuple[object, ...]:
    agreed = grant.agreement
    used = f"{grant.images_used} of {agreed.images}"
    until = agreed.ends_at.date().isoformat()
    return grant.id, grant.state, agreed.title, used, until, _listed(agreed.permissions), _where(agreed.territory)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _where(territory: tuple[str, ...]) -> str:
    return _listed(territory) or "everywhere"
