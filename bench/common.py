"""The one form of every benchmark: rows with an aim, a table for people, JSON for machines."""

import json
import operator
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path("var/bench")
COMPARE = {"≤": operator.le, "≥": operator.ge, "<": operator.lt, ">": operator.gt}
AIM = re.compile(r"(?P<how>[≤≥<>])\s*(?P<value>[\d.]+)")


@dataclass(frozen=True)
class Row:
    """One measured quantity. `value` is the median of `samples`; `aim` reads like "≤ 6 s"; `rival` is what others do."""

    id: str
    what: str
    value: float
    unit: str
    aim: str
    rival: str
    samples: tuple[float, ...]


def row(id: str, what: str, unit: str, aim: str, samples: Sequence[float], rival: str = "") -> Row:  # noqa: A002 - the field's name in the JSON
    rounded = tuple(round(sample, 3) for sample in samples)
    return Row(id, what, round(statistics.median(rounded), 3), unit, aim, rival, rounded)


def meets_aim(measured: Row) -> bool | None:
    """None where the aim is no comparison with a number."""
    found = AIM.search(measured.aim)
    return bool(COMPARE[found["how"]](measured.value, float(found["value"]))) if found else None


def report(name: str, rows: Sequence[Row]) -> Path:
    """Print the table and write var/bench/NAME.json; returns its path."""
    _print(name, rows)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps([asdict(each) for each in rows], indent=2, ensure_ascii=False) + "\n")
    return path


def _print(name: str, rows: Sequence[Row]) -> None:
    table = Table("id", "what", "value", "aim", "", "rival", "samples", title=f"bench-{name}")
    for each in rows:
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[meets_aim(each)]
        samples = " ".join(f"{sample:g}" for sample in each.samples)
        table.add_row(each.id, each.what, f"{each.value:g} {each.unit}", each.aim, verdict, each.rival, samples)
    # Wide enough for every column also where the output is not a terminal.
    Console(width=max(Console().width, 150)).print(table)
