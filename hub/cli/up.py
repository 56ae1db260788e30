"""`irodori up`: the whole hub on this machine."""

from pathlib import Path
from typing import Annotated

import typer


def up(
    data_dir: Annotated[Path, typer.Option(envvar="HUB_DATA_DIR", help="Everything is kept here.")] = Path("var"),
    port: Annotated[
        int, typer.Option(help="The site's port; another is taken where it is in use. 0: any free.")
    ] = 8000,
    seed: Annotated[bool, typer.Option(help="Fill an empty catalogue with demo styles and accounts.")] = True,
) -> None:
    """Run the whole hub on this machine: site, workers, broker and object store, each a process of its own.

    The first start prepares the database and seeds a demo catalogue. Ctrl-C stops
    everything. Logs are in DATA_DIR/log; a process that dies is restarted. To start afresh, remove DATA_DIR.
    """
    from hub.local.lock import AlreadyRunningError
    from hub.local.servers import StartError
    from hub.local.stack import run_stack
    from hub.local.store import StoreMissingError

    try:
        run_stack(data_dir, port, seed=seed, say=typer.echo)
    except (AlreadyRunningError, StartError, StoreMissingError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
