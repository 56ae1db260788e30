"""`iro batch`: a picture for each line of a file, ordered as one batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from irodori_client.cli.asking import Asking, Base, Guidance, Height, Negative, Scheduler, Seed, Steps, Styles, Width
from irodori_client.cli.batching import Desk
from irodori_client.cli.delivery import Delivery
from irodori_client.cli.exits import Exit
from irodori_client.cli.lines import lines_of
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, Session, session_of
from irodori_client.cli.underway import Underway, forget, make
from irodori_client.client import Client
from irodori_client.errors import UsageError


def batch(
    context: typer.Context,
    prompts: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A prompt a line; # begins a remark.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", file_okay=False, help="The folder for the pictures.")
    ] = Path(),
    resume: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Order nothing: fetch what this batch has, and wait for the rest.")
    ] = None,
    name: Annotated[str, typer.Option(help="For you to know the batch by.")] = "",
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
    quote: Annotated[bool, typer.Option("--quote", help="Only say what it would cost, and who is paid.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether the price is right.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Or only order it, and say the batch's id.")] = True,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Draw a picture for each line of a file, into 0001.png, 0002.png and so on by the line's number.

    The lines are one batch, of at most 1,000. Its price is said first, and all of it is ordered or nothing; pictures are
    saved as they come. Ctrl-C cancels what is not finished. After any other interruption the same command goes on, and
    so does --resume with the batch's id. Lines whose pictures are there are passed over, so that the same command orders
    anew what failed. Exits with 8 if some pictures failed or were cancelled, with 7 if all did.
    """
    session = session_of(context)
    asking = Asking(style, base, negative, width, height, steps, guidance, seed, scheduler, resale)
    with session.client() as client:
        if prompts is None or resume:
            _go_on(session, client, output, None if prompts else resume)
            return
        desk = Desk(session, client, output)
        underway = desk.underway(list(lines_of(prompts)), asking, name)
        if underway is None:
            session.out.note("All of them are there.")
        elif quote:
            desk.tell(underway)
        else:
            _draw(desk, desk.agreed(underway, yes=yes or session.out.json), wait=wait)


def _go_on(session: Session, client: Client, folder: Path, id: UUID | None) -> None:  # noqa: A002 - the API's word
    """Ctrl-C only stops looking here."""
    if id is None:
        raise UsageError("Name either a file of prompts or, with --resume, a batch to go on with.")
    underway = Underway.of(folder)
    known = underway.lines if underway and underway.batch == id else ()
    client.batches.get(id)  # before a folder is made for one that there is not
    make(folder)
    _finish(Delivery(session, client, folder, known), id, forgotten=bool(known))


def _draw(desk: Desk, underway: Underway, *, wait: bool) -> None:
    delivery = Delivery(desk.session, desk.client, desk.folder, underway.lines)
    with _cancelling(desk, underway, delivery):
        ordered = desk.ordered(underway)
        if wait:
            _finish(delivery, ordered, forgotten=True)
        else:
            desk.session.out.result({"batch": ordered}, str(ordered))


def _finish(delivery: Delivery, id: UUID, *, forgotten: bool) -> None:  # noqa: A002 - as above
    """Raises Exit where not all are there."""
    delivery.take(id)
    if forgotten:
        forget(delivery.folder)
    if delivery.exit is not Exit.OK:
        raise typer.Exit(delivery.exit)


@contextmanager
def _cancelling(desk: Desk, underway: Underway, delivery: Delivery) -> Iterator[None]:
    """Ctrl-C cancels what is not finished. Even an order whose answer is still on the way is found, by its key."""
    try:
        yield
    except KeyboardInterrupt:
        now = desk.client.batches.cancel(desk.ordered(underway))
        delivery.take_finished(now.id)
        forget(desk.folder)
        said = f"{now.counts.succeeded} of {now.size} pictures were drawn, and {usd(now.paid_micro)} paid."
        typer.echo(f"Cancelled. {said}", err=True)
        raise
