"""`irodori doctor`: what is configured, reachable and enabled, and what to do about the rest."""

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look at the stack that `irodori up` runs on this folder, not at this shell's settings."),
    ] = None,
) -> None:
    """Say what is configured, reachable and enabled, and why not. Exits with 1 if something required is broken."""
    from rich.console import Console
    from rich.table import Table

    from hub.doctor import examine

    if data_dir:
        _use_settings_of(data_dir)
    findings = examine()
    table = Table("", "what", "finding", "what to do")
    for finding in findings:
        table.add_row(_MARKS[finding.verdict], finding.what, finding.text, finding.advice)
    Console().print(table)
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(1)


_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "broken": "[red]broken[/]"}


def _use_settings_of(data_dir: Path) -> None:
    import os

    from hub.local.stack import running_environment

    try:
        os.environ |= running_environment(data_dir)
    except FileNotFoundError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
