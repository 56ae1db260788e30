"""`irodori ledger`: check that no money was made, lost or changed, follow a cent, and make the key that seals."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.stack_settings import take_settings

ledger = typer.Typer(no_args_is_help=True, help="Check the ledger, follow a cent through it, and make its key.")
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="The ledger of the stack that `irodori up` runs on this folder. Left out: that of this shell's settings, "
        "or where they name no service, of the stack that runs on HUB_DATA_DIR."
    ),
]


@ledger.command()
def verify(data_dir: DataDir = None) -> None:
    """Recompute all that the ledger promises: chain, signatures, hashes, sums, holds, checkpoints and balances.

    Changes nothing, and the site may run meanwhile. Exits with 0 if all of it holds, 1 if something is broken, 2 for
    settings that can't be used, 3 if all of it holds but something has waited for its seal for more than a minute.
    """
    _call("verify_ledger", data_dir)


@ledger.command()
def show(
    key: Annotated[str, typer.Argument(help="The key or id of a transaction, or the id of a generation.")],
    data_dir: DataDir = None,
) -> None:
    """Show every row of a payment, from the hold to whatever followed, so that a cent can be traced.

    Exits with 1 if there is no such payment.
    """
    _call("show_ledger", data_dir, key)


@ledger.command()
def new_key(file: Annotated[Path, typer.Argument(help="Where to write it; never overwritten.")]) -> None:
    """Make the private key that signs the ledger's blocks, and print its public half."""
    from hub.signing import make_key

    try:
        make_key(file)
    except OSError as error:
        typer.echo(f"No key was written: {error}.", err=True)
        raise typer.Exit(1) from error
    key(file)


@ledger.command()
def key(file: Annotated[Path, typer.Argument(help="A private key's PEM file.")]) -> None:
    """Print the public half of a key, as HUB_LEDGER_PUBLIC_KEYS takes it."""
    from hub.signing import SigningKeyError, public_text, read_key

    try:
        typer.echo(public_text(read_key(file).public_key()))
    except SigningKeyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _call(command: str, data_dir: Path | None, *arguments: Any) -> None:
    """The site's own command: this side of the hub knows no rows."""
    take_settings(data_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    import django
    from django.core.management import CommandError, call_command

    try:
        django.setup()
        call_command(command, *arguments, skip_checks=True)
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.returncode) from error
