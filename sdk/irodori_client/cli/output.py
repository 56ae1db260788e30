"""What the command says, and where: results on stdout, everything else on stderr.

Where stdout is no terminal, tables are lines with tabs; where stderr is none, there are no notes and no bars. With
--json a result is one JSON document, and so is an error.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from irodori_client.errors import ApiError, IrodoriError


@dataclass
class Output:
    """`json` is set by the option of that name."""

    json: bool = False

    def result(self, data: object, text: str) -> None:
        """One thing: `data` for machines, `text` for people."""
        print(_as_json(data) if self.json else clean(text))  # noqa: T201 - the command's answer

    def rows(self, data: Sequence[object], names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A list: `data` for machines, a table for people, lines with tabs for pipes."""
        cells = [[clean(str(cell)) for cell in row] for row in rows]
        if self.json:
            print(_as_json(data))  # noqa: T201 - as above
        elif sys.stdout.isatty():
            table = Table(*names)
            for row in cells:
                table.add_row(*map(Text, row))
            Console().print(table)
        else:
            for row in cells:
                print("\t".join(row))  # noqa: T201 - as above

    def note(self, text: str) -> None:
        """What helps somebody who watches."""
        if not self.json and sys.stderr.isatty():
            print(clean(text), file=sys.stderr)  # noqa: T201 - as above

    def error(self, error: IrodoriError) -> None:
        if self.json:
            print(json.dumps({"error": _described(error)}), file=sys.stderr)  # noqa: T201 - as above
            return
        print(clean(str(error)), file=sys.stderr)  # noqa: T201 - as above
        if isinstance(error, ApiError) and error.request_id:
            print(clean(f"Request {error.request_id}."), file=sys.stderr)  # noqa: T201 - as above


def clean(text: str) -> str:
    """Without what moves a terminal's cursor or changes its colours: titles are other people's words."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def usd(micro: int) -> str:
    """An amount for people, to the last digit that matters: 0.0101 USD."""
    whole, rest = divmod(abs(micro), 1_000_000)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{whole:,}.{digits} USD"


def _as_json(data: object) -> str:
    return TypeAdapter(object).dump_json(data).decode()


def _described(error: IrodoriError) -> Mapping[str, Any]:
    described: dict[str, Any] = {"code": error.code, "message": str(error)}
    if isinstance(error, ApiError):
        described |= {"message": error.message, "field": error.field, "status": error.status}
        described |= {"request_id": error.request_id, "retry_after": error.retry_after}
    return described
