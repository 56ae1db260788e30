"""From the lines of a file to a batch that is ordered once."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import typer

from irodori_client.cli.asking import Asking
from irodori_client.cli.lines import Line, picture_of
from irodori_client.cli.output import usd
from irodori_client.cli.session import Session
from irodori_client.cli.underway import Underway, forget
from irodori_client.client import Client
from irodori_client.errors import ApiError, NotEnoughCreditError, Problem, UsageError
from irodori_client.models import BatchChoices, BatchOrder, BatchQuote, Order

MOST = 1000
ITEM = re.compile(r"items\.(\d+)(.*)")


@dataclass(frozen=True)
class Desk:
    session: Session
    client: Client
    folder: Path

    def underway(self, lines: Sequence[Line], asking: Asking, name: str) -> Underway | None:
        """What the folder waits for, or else a batch of the lines that have no picture; None where there are none.

        Raises UsageError for another batch than the one that the folder waits for.
        """
        kept = Underway.of(self.folder)
        chosen = _of(kept.lines, lines) if kept else [each for each in lines if not self._has(each)]
        if not chosen and kept is None:
            return None
        if len(chosen) > MOST:
            raise UsageError(f"{len(chosen)} lines are more than the {MOST} of a batch. Split the file.")
        order = _batch(asking.order(self.client, chosen[0].prompt if chosen else ""), chosen, name)
        if kept is None:
            return Underway(order=order, lines=tuple(line.number for line in chosen))
        if (kept.order.defaults, kept.order.prompts) != (order.defaults, order.prompts):
            raise UsageError(_other(kept, self.folder))
        return kept

    def tell(self, underway: Underway) -> None:
        """The price and who is paid, as a result."""
        quote = self._quoted(underway)
        lines = [f"{_count(quote)}, {usd(quote.total_micro)}"]
        lines += [f"to {line.payee} ({line.role}): {usd(line.amount_micro)}" for line in quote.split]
        self.session.out.result(quote, "\n".join(lines))

    def agreed(self, underway: Underway, *, yes: bool) -> Underway:
        """With its price held, once nobody minds; what is underway already was agreed on. Raises NotEnoughCreditError, Abort."""
        if underway.order.quote:
            return underway
        quote = self._quoted(underway)
        balance, total = self.client.wallet.get().balance_micro, quote.total_micro
        if total > balance:
            message = f"{_count(quote)} cost {usd(total)}, and your wallet holds {usd(balance)}. Top up, or draw fewer."
            raise NotEnoughCreditError((Problem("not_enough_credit", message),), status=402)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"{_count(quote)}, {usd(total)}. Order them?", abort=True, err=True)
        else:
            self.session.out.note(f"{_count(quote)}, {usd(total)}.")
        return underway.model_copy(update={"order": underway.order.model_copy(update={"quote": quote.quote})})

    def ordered(self, underway: Underway) -> UUID:
        """The batch's id. It is ordered once, however often this is called."""
        if underway.batch:
            return underway.batch
        underway.keep(self.folder)
        try:
            with in_lines(underway.lines):
                made = self.client.batches.create(underway.order, idempotency_key=underway.key)
        except ApiError as refused:
            if refused.status < 500:  # else it may have been taken all the same
                forget(self.folder)
            raise
        underway.batch = made.id
        underway.keep(self.folder)
        self.session.out.note(f"Ordered as batch {made.id}.")
        return made.id

    def _quoted(self, underway: Underway) -> BatchQuote:
        with in_lines(underway.lines):
            return self.client.batches.quote(underway.order)

    def _has(self, line: Line) -> bool:
        return picture_of(self.folder, line.number).exists()


@contextmanager
def in_lines(lines: Sequence[int]) -> Iterator[None]:
    """A refusal names an image by its place in the batch; whoever wrote a file knows it by its line."""
    try:
        yield
    except ApiError as error:
        problems = tuple(replace(each, field=_line_of(each.field, lines)) for each in error.problems)
        raise type(error)(
            problems, status=error.status, request_id=error.request_id, retry_after=error.retry_after
        ) from error


def _line_of(field: str | None, lines: Sequence[int]) -> str | None:
    found = ITEM.match(field or "")
    return f"line {lines[int(found[1])]}{found[2]}" if found and int(found[1]) < len(lines) else field


def _batch(order: Order, lines: Sequence[Line], name: str) -> BatchOrder:
    common = {
        key: value for key, value in order.model_dump(exclude={"prompt", "quote"}).items() if value not in ("", None)
    }
    prompts = tuple(line.prompt for line in lines)
    return BatchOrder(defaults=BatchChoices.model_validate(common), prompts=prompts, name=name)


def _of(numbers: Sequence[int], lines: Sequence[Line]) -> list[Line]:
    known = {line.number: line for line in lines}
    return [known[number] for number in numbers if number in known]


def _other(kept: Underway, folder: Path) -> str:
    known = (
        f"`iro batch --resume {kept.batch} --output {folder}` goes on with it"
        if kept.batch
        else "Its own command goes on with it"
    )
    return f"{folder} waits for a batch of other prompts or choices. {known}, and another --output makes room for this one."


def _count(quote: BatchQuote) -> str:
    return f"{quote.size} picture" if quote.size == 1 else f"{quote.size} pictures"
