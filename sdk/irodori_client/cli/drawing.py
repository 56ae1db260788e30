"""`iro generate` and `iro history`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.progress import BarColumn, TextColumn

from irodori_client.cli.asking import Asking, Base, Guidance, Height, Negative, Scheduler, Seed, Steps, Styles, Width
from irodori_client.cli.files import check_writable, write
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, Session, session_of
from irodori_client.client import Client
from irodori_client.models import Generation, Order, Quote


@dataclass(frozen=True)
class Licensed:
    """What an organisation draws under."""

    grants: tuple[UUID, ...] = ()
    territory: tuple[str, ...] = ()


def generate(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Where to save it; - is stdout. Left out: ID.png in this folder.")
    ] = "",
    style: Styles = None,
    base: Base = None,
    negative: Negative = "",
    width: Width = None,
    height: Height = None,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    scheduler: Scheduler = "",
    start: Annotated[
        Path | None, typer.Option("--from", exists=True, dir_okay=False, help="A picture to start from.")
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Of that picture, only what is white here is drawn anew."),
    ] = None,
    strength: Annotated[float | None, typer.Option(help="How much of it is drawn anew, from 0 to 1.")] = None,
    resale: Annotated[bool, typer.Option(help="Do you mean to resell the picture?")] = False,
    grant: Annotated[
        list[UUID] | None,
        typer.Option(help="For organisations: the grant to draw under, one for each style.", metavar="ID"),
    ] = None,
    territory: Annotated[
        list[str] | None,
        typer.Option(help="With a grant: a country code where it is to be used; wherever it holds if left out."),
    ] = None,
    quote: Annotated[bool, typer.Option("--quote", help="Only say what it would cost, and who is paid.")] = False,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Draw a picture and save it. Ctrl-C cancels the order; then nothing is paid.

    iro generate "a fox on a blue background" --style washed-ink:0.8 -o fox.png
    """
    session = session_of(context)
    check_writable(output or ".picture")
    asking = Asking(style, base, negative, width, height, steps, guidance, seed, scheduler, resale)
    with session.client() as client:
        order = asking.order(client, prompt).model_copy(update=_start(client, start, mask, strength))
        licensed = Licensed(tuple(grant or ()), tuple(territory or ()))
        price = client.quotes.get(order, grants=licensed.grants, territory=licensed.territory)
        if quote:
            session.out.result(price, "\n".join(_price(price)))
            return
        session.out.note(f"{usd(price.total_micro)}, {_size(order)}")
        made = drawn(session, client, order.model_copy(update={"quote": price.quote}), licensed)
        name = output or f"{made.id}.png"
        write(name, client.generations.image(made))
    if name != "-":
        session.out.result({"file": name, "generation": made}, "\n".join([name, *made.credit_lines]))


def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """List your pictures, the newest first."""
    session = session_of(context)
    with session.client() as client:
        found = list(islice(client.generations.history(), limit))
    rows = [(each.id, each.created_at.isoformat(), each.state, usd(each.price_micro), each.prompt) for each in found]
    session.out.rows(found, ("id", "ordered at", "state", "price", "prompt"), rows)


def drawn(session: Session, client: Client, order: Order, licensed: Licensed) -> Generation:
    """The finished order. Whatever interrupts the wait cancels it."""
    key = str(uuid4())

    def create() -> Generation:
        grants, territory = licensed.grants, licensed.territory
        return client.generations.create(order, grants=grants, territory=territory, idempotency_key=key)

    with cancelling(create, client):
        ordered = create()
        with session.bars(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[eta]}")) as bars:
            bar = bars.add_task("ordered", total=None, eta="")

            def tell(now: Generation) -> None:
                total = now.steps if now.state == "running" else None
                bars.update(bar, description=_progress(now), total=total, completed=now.step, eta=_eta(now))

            return client.generations.wait(ordered.id, progress=tell)


@contextmanager
def cancelling(ordered: Callable[[], Generation], client: Client) -> Iterator[None]:
    """Ctrl-C cancels what was ordered. `ordered` tells it, even where its answer is still on the way: the same key."""
    try:
        yield
    except KeyboardInterrupt:
        now = client.generations.cancel(ordered().id)
        said = "Cancelled. Nothing was paid." if now.state == "cancelled" else f"Too late to cancel: {now.state}."
        typer.echo(said, err=True)
        raise


def _start(client: Client, start: Path | None, mask: Path | None, strength: float | None) -> dict[str, object]:
    """The fields of an order that starts from a picture, which is sent first."""
    if start is None:
        if mask or strength is not None:
            raise typer.BadParameter("It says what becomes of a picture. Name that too.", param_hint="--from")
        return {}
    fields: dict[str, object] = {"picture": client.pictures.send(start).sha256, "strength": strength}
    return fields | ({"mask": client.pictures.send(mask).sha256} if mask else {})


def _price(price: Quote) -> Iterator[str]:
    yield f"{usd(price.total_micro)}, of which {usd(price.compute_micro)} for computing"
    yield from (f"{usd(line.price_micro)} {line.title}" for line in price.lines)
    yield from (f"to {line.payee} ({line.role}): {usd(line.amount_micro)}" for line in price.split)


def _size(order: Order) -> str:
    return f"{order.width or 'default'} x {order.height or 'default'} pixels on {order.base_model}"


def _progress(now: Generation) -> str:
    if now.state == "queued" and now.place_in_queue:
        return f"number {now.place_in_queue} in the queue"
    return f"step {now.step} of {now.steps}" if now.state == "running" else now.state


def _eta(now: Generation) -> str:
    return "" if now.eta_seconds is None else f"about {now.eta_seconds:.0f} s"
