"""`iro login` and `iro logout`."""

import sys
from typing import Annotated

import typer

from irodori_client.cli.session import session_of
from irodori_client.errors import UsageError
from irodori_client.settings import LOCAL_HUB, config_file, resolve, save


def login(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The hub's address.")] = None,
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help="Read the key from stdin, as scripts do.")] = False,
) -> None:
    """Keep a hub's address and your key on this machine, in a file that only you can read.

    Make the key on the hub's account page. It is tried first and kept only if the hub knows it.
    """
    session = session_of(context)
    address = url or session.url or typer.prompt("Address of the hub", default=LOCAL_HUB, err=True)
    key = sys.stdin.readline().strip() if key_stdin else typer.prompt("API key", hide_input=True, err=True).strip()
    if not key:
        raise UsageError("No key was given. Make one on the hub's account page.")
    access = resolve(address, key)
    with session.client(access) as client:
        client.wallet.get()
    save(access, config_file())
    session.out.note(f"Signed in at {address}. The key is in {config_file()}.")


def logout(context: typer.Context) -> None:
    """Forget the key that `iro login` kept. It stays valid: revoke it on the hub's account page."""
    config_file().unlink(missing_ok=True)
    session_of(context).out.note("Signed out.")
