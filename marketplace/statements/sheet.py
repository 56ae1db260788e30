"""A statement as CSV whose control totals a spreadsheet reproduces. docs/how-to/read-a-statement.md tells the formulas."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime

from django.http import StreamingHttpResponse

from marketplace.ledger.periods import Period
from marketplace.statements.holders import Holder
from marketplace.statements.lines import StatementLine, opening_balance, statement_lines

FIELDS = [field.name for field in fields(StatementLine)]
COLUMNS = ["date", *FIELDS[1:]]
CONTROL = "control total"
# With one of these a spreadsheet would take a cell's words for a formula.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def statement_response(holder: Holder, period: Period) -> StreamingHttpResponse:
    """The file, written while it is sent."""
    return csv_response(sheet(holder, period), f"irodori-{holder.slug or 'earnings'}-{period.start:%Y-%m}.csv")


def csv_response(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def sheet(holder: Holder, period: Period) -> Iterator[str]:
    """Its lines, one string each."""
    opening = opening_balance(holder, period)
    return as_csv(rows(statement_lines(holder, period, opening_micro=opening), opening))


def as_csv(lines: Iterable[list[str | int]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    return (writer.writerow(line) for line in lines)


def rows(lines: Iterable[StatementLine], opening_micro: int) -> Iterator[list[str | int]]:
    """A heading, the lines, and control totals, which stand in the first three columns so that no sum counts them."""
    yield [*COLUMNS]
    count, sums = 0, Counter[str]()
    for line in lines:
        count += 1
        sums[line.kind] += line.amount_micro
        yield [cell(getattr(line, name)) for name in FIELDS]
    total = sum(sums.values())
    yield []
    yield [CONTROL, "opening balance", opening_micro]
    yield [CONTROL, "lines", count]
    for kind in sorted(sums):
        yield [CONTROL, f"sum of {kind}", sums[kind]]
    yield [CONTROL, "sum of all", total]
    yield [CONTROL, "closing balance", opening_micro + total]


def cell(value: object) -> str | int:
    """Numbers stay numbers, so that a spreadsheet adds them; words can't begin a formula."""
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text


class _Echo:
    """A file for csv.writer that keeps nothing: writerow() returns what write() returns."""

    def write(self, row: str) -> str:
        return row
