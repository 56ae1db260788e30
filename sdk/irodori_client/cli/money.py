"""`iro wallet`, `iro top-up`, `iro statements` and `iro proof`."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from irodori_client.cli.files import read_model, write
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, session_of
from irodori_client.models import PublicKeys
from irodori_client.proofs import Movement, verify

MICRO = 1_000_000


def wallet(context: typer.Context, json: Json = False) -> None:  # noqa: ARG001 - its callback has read it
    """Say what is free to spend, and what is held for pictures that are not finished."""
    session = session_of(context)
    with session.client() as client:
        found = client.wallet.get()
    session.out.result(found, f"{usd(found.balance_micro)} to spend, {usd(found.held_micro)} held")


def top_up(
    context: typer.Context,
    dollars: Annotated[float, typer.Argument(min=1, max=500, help="How much, in whole cents.")],
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Open a checkout and print its address. Pay there in a browser."""
    session = session_of(context)
    with session.client() as client:
        checkout = client.wallet.top_up(round(dollars * 100) * MICRO // 100)
    session.out.result(checkout, checkout.url)


def statements(
    context: typer.Context,
    month: Annotated[str, typer.Option(help="Such as 2026-11, in UTC; this month so far if left out.")] = "",
    organisation: Annotated[str, typer.Option(help="One that you are a member of, by its name in addresses.")] = "",
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Save the whole statement here; - is stdout.", dir_okay=False)
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Say what a month earned you, or save every line of it as CSV."""
    session = session_of(context)
    with session.client() as client:
        if csv_file and str(csv_file) != "-":
            client.earnings.save_statement(csv_file, month, organisation=organisation)
            session.out.result({"file": str(csv_file)}, str(csv_file))
            return
        statement = client.earnings.statement(month, organisation=organisation)
    if csv_file:
        write("-", statement)
        return
    totals = dict(_control_totals(statement.decode()))
    session.out.rows([totals], ("total", "micro-units, or number of lines"), totals.items())


def proof(
    context: typer.Context,
    transaction: Annotated[UUID, typer.Argument(help="Its id, which your wallet's page links to.")],
    keys: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The hub's public keys as you kept them; asked for if left out."
        ),
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Fetch the proof that a movement of yours stands in the hub's ledger, and check it on this machine."""
    session = session_of(context)
    with session.client() as client:
        found = client.ledger.proof(transaction)
        known = read_model(keys, PublicKeys) if keys else client.ledger.keys()
    movement = verify(found, known)
    session.out.result(movement, "\n".join(_said(movement)))


def _control_totals(statement: str) -> Iterator[tuple[str, int]]:
    for row in csv.reader(io.StringIO(statement)):
        if row and row[0] == "control total":
            yield row[1], int(row[2])


def _said(movement: Movement) -> Iterator[str]:
    yield f"The proof holds: block {movement.block}, sealed at {movement.sealed_at}, key {movement.key_id}."
    for entry in movement.entries:
        yield f"{movement.kind}: {entry['amount_micro']} micro-{entry['account']['currency']} to {entry['account']['kind']}"
