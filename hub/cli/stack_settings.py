"""Which settings a command works under: the shell's, or those of a stack that `irodori up` runs."""

import os
from pathlib import Path

import typer


def take_settings(asked: Path | None) -> bool:
    """Of the stack that is to be looked at, or else this shell's. False where these name nothing and no stack runs."""
    from hub.doctor import SERVICES
    from hub.local.stack import running_environment

    if asked is None and any(os.environ.get(name) for name in SERVICES):
        return True
    try:
        os.environ |= running_environment(asked or Path(os.environ.get("HUB_DATA_DIR") or "var"))
    except FileNotFoundError as error:
        if asked is None:
            return False
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    return True
