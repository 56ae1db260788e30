"""What every command needs: the client, how to speak, and options that all of them take."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn

from irodori_client.cli.output import Output
from irodori_client.client import Client
from irodori_client.settings import Access


@dataclass
class Session:
    """Of one run of the command. `url` is the option, None where it was not given."""

    url: str | None = None
    out: Output = field(default_factory=Output)

    def client(self, access: Access | None = None) -> Client:
        """As whoever is signed in, or with an access that is to be tried."""
        return Client(access.url, access.api_key) if access else Client(self.url)

    @contextmanager
    def bars(self, *columns: ProgressColumn) -> Iterator[Progress]:
        """Bars on stderr, for somebody who watches."""
        console = Console(stderr=True)
        with Progress(
            *columns, console=console, transient=True, disable=self.out.json or not console.is_terminal
        ) as bars:
            yield bars


def session_of(context: typer.Context) -> Session:
    found = context.find_root().obj
    assert isinstance(found, Session)  # noqa: S101 - the root command made it
    return found


def _for_machines(context: typer.Context, chosen: bool) -> bool:
    session_of(context).out.json = chosen
    return chosen


Json = Annotated[
    bool, typer.Option("--json", callback=_for_machines, is_eager=True, help="Answer in JSON, errors too.")
]
