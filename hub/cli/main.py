"""The `irodori` command: each module of this package adds one command."""

import typer

from hub.cli import plugins

app = typer.Typer(help="Irodori: a marketplace and serving hub for image styles.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Irodori: a marketplace and serving hub for image styles."""


app.command(name="plugins")(plugins.plugins)


def main() -> None:
    app()
