"""The root of the `iro` command: which hub, and how errors become sentences and exit codes.

The operator's command is `irodori`. This one is `iro` (色, colour), short enough to be typed all day; `irodori-client` is
the same under the distribution's name, for where something else is called `iro`.
"""

import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from irodori_client.cli import account, batch, catalogue, completion, drawing, money, partner, publishing, receipts
from irodori_client.cli.exits import MEANINGS, Exit, exit_of
from irodori_client.cli.session import Session, session_of
from irodori_client.client import DISTRIBUTION
from irodori_client.errors import IrodoriError

NAME = "iro"
_CODES = "\n\n".join(f"{code.value}: {meaning}" for code, meaning in MEANINGS.items())
HELP = f"""Draw with a hub's styles, publish your own, and see what was paid.

`iro login` first: it keeps the hub's address and your key. IRODORI_URL and IRODORI_API_KEY come before what it kept. \
Results go to stdout, everything else to stderr; with `--json` after a command, programs can read both.

Exit codes:

{_CODES}
"""


class Told(TyperGroup):
    """Ends every command with the sentence and the code of what went wrong."""

    def invoke(self, ctx: Any) -> Any:  # Any: typer brings a click of its own, whose types are not public
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except IrodoriError as error:
            session_of(ctx).out.error(error)
            raise typer.Exit(exit_of(error)) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            raise typer.Exit(Exit.INTERRUPTED) from error
        except BrokenPipeError as error:
            # Whoever read has enough. Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(Exit.OK) from error


app = typer.Typer(
    name=NAME, cls=Told, help=HELP, no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"{DISTRIBUTION} {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The hub's address; else IRODORI_URL, else that of `iro login`.")
    ] = None,
    _asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    context.obj = Session(url)


app.command()(account.login)
app.command()(account.logout)
app.command()(drawing.generate)
app.command()(batch.batch)
app.command()(drawing.history)
app.command()(catalogue.bases)
app.add_typer(catalogue.styles, name="styles")
app.command()(catalogue.licence)
app.command()(receipts.receipt)
app.add_typer(partner.partner, name="partner")
app.command()(publishing.upload)
app.command()(money.wallet)
app.command("top-up")(money.top_up)
app.command()(money.statements)
app.command()(money.proof)
app.command()(completion.completion)


def main() -> None:
    app()
