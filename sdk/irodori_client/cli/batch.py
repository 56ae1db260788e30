"""`iro batch`: a picture for each line of a file."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from irodori_client.cli.asking import Asking, Base, Guidance, Height, Negative, Scheduler, Seed, Steps, Styles, Width
from irodori_client.cli.exits import Exit
from irodori_client.cli.many import Drawn, Line, Many
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, Session, session_of
from irodori_client.client import Client
from irodori_client.errors import NotEnoughCreditError, Problem, UsageError
from irodori_client.models import Order


def batch(
    context: typer.Context,
    prompts: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A prompt a line; # begins a remark.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", file_okay=False, help="The folder for the pictures.")
    ] = Path(),
    at_once: Annotated[int, typer.Option(min=1, max=100, help="How many are under way at a time.")] = 4,
    style: Styles = None,
    base: Base = None,
    negative: Negative = "",
    width: Width = None,
    height: Height = None,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    scheduler: Scheduler = "",
    resale: Annotated[bool, typer.Option(help="Do you mean to resell the pictures?")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether the price is right.")] = False,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Draw a picture for each line of a file, into 0001.png, 0002.png and so on by the line's number.

    Pictures that are there already are passed over, so that the same command goes on after an interruption. The whole
    price is said first, and nothing is ordered if the wallet holds less. Exits with 7 if any picture failed.
    """
    session = session_of(context)
    lines = [line for line in _lines(prompts, output) if not line.file.exists()]
    asking = Asking(style, base, negative, width, height, steps, guidance, seed, scheduler, resale)
    with session.client() as client:
        if not lines:
            session.out.note("All of them are there.")
            return
        order = asking.order(client, lines[0].prompt)
        _agree(client, order, len(lines), yes=yes or session.out.json)
    _make(output)
    if not anyio.run(_draw, session, order, lines, at_once):
        raise typer.Exit(Exit.FAILED)


async def _draw(session: Session, order: Order, lines: list[Line], at_once: int) -> bool:
    """Did all of them succeed?"""
    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with session.bars(*columns) as bars:
        bar = bars.add_task("", total=len(lines))

        def tell(drawn: Drawn) -> None:
            bars.advance(bar)
            session.out.result(drawn.data, drawn.text)

        async with session.async_client() as client:
            return await Many(client, order, tell).draw(lines, at_once)


def _agree(client: Client, order: Order, count: int, *, yes: bool) -> None:
    """Say the whole price, and go no further if it is too much for the wallet or for the person."""
    total = client.quotes.get(order).total_micro * count
    balance = client.wallet.get().balance_micro
    if total > balance:
        message = f"{count} pictures cost {usd(total)}, and your wallet holds {usd(balance)}. Top up, or draw fewer."
        raise NotEnoughCreditError((Problem("not_enough_credit", message),), status=402)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"{count} pictures, {usd(total)}. Order them?", abort=True, err=True)


def _lines(prompts: Path, folder: Path) -> Iterator[Line]:
    """Raises UsageError for a file that is no text."""
    try:
        text = prompts.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{prompts} can't be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        prompt = line.strip()
        if prompt and not prompt.startswith("#"):
            yield Line(number, prompt, folder / f"{number:04d}.png")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be made ({error.strerror}).") from error
