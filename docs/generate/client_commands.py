"""The `iro` command of sdk/: what `--help` says, and how each run ends."""

import typer.main

from docs.generate.commands import sections
from docs.generate.tables import table
from irodori_client.cli.exits import MEANINGS
from irodori_client.cli.main import NAME, app

INTRODUCTION = """# Commands of the client

`iro` comes with [irodori-client](../../sdk/README.md); `irodori-client` is the same under a longer name. `--json` makes results and
errors JSON. Results go to stdout, everything else to stderr; where stdout is no terminal, tables are lines with tabs.
"""


def page() -> str:
    codes = table(("exit code", "meaning"), [(str(code.value), meaning) for code, meaning in MEANINGS.items()])
    return "\n".join([INTRODUCTION, "## Exit codes\n", codes, *sections(typer.main.get_command(app), NAME)])
