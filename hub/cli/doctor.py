"""`irodori doctor`: what is configured, reachable and enabled, how fast it draws, and what to do about the rest."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.stack_settings import take_settings


def doctor(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Look at the stack that `irodori up` runs on this folder. Left out: at this shell's settings, or "
            "where they name no service, at the stack that runs on HUB_DATA_DIR."
        ),
    ] = None,
    picture: Annotated[
        bool,
        typer.Option(
            help="Load the base as a worker would, and time one picture: some seconds on an accelerator, minutes for a "
            "large base on a CPU. Beside a running worker it needs the base's memory a second time."
        ),
    ] = True,
) -> None:
    """Say what is configured, reachable and enabled, how fast it draws, and what to do about the rest.

    Looks at settings, folders, plugins, broker, object store and database, then loads the base and draws one picture:
    device and free memory, base and precision, the tiers where adapters wait, and seconds per step.

    Changes nothing. Exits with 1 if something required is broken.
    """
    from rich.console import Console
    from rich.table import Table

    from hub.doctor import examine

    findings = examine(idle=not take_settings(data_dir), picture=picture)
    table = Table("", "what", "finding", "what to do")
    for finding in findings:
        table.add_row(_MARKS[finding.verdict], finding.what, finding.text, finding.advice)
    Console().print(table)
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(1)


_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "broken": "[red]broken[/]"}
