"""The `irodori` command: what `--help` says, on one page."""

from collections.abc import Iterator
from typing import Any

import typer.main

from docs.generate.tables import one_line, table
from hub.cli.main import app

INTRODUCTION = """# Commands

`irodori COMMAND --help` says the same in the terminal. `make help` lists the repository's own chores.
"""


def page() -> str:
    command = typer.main.get_command(app)
    return "\n".join([INTRODUCTION, *sections(command, "irodori")])


# Any: typer brings a click of its own, whose types are not public.
def sections(command: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield f"## {name}\n"
        yield f"{one_line(command.help)}\n"
        if shown := _shown(command):
            yield table(("argument or option", "default", "meaning"), [_row(parameter) for parameter in shown])
    for child_name, child in children.items():
        yield from sections(child, f"{name} {child_name}")


def _shown(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.name != "help"]


def _row(parameter: Any) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    variable = f" (or `{parameter.envvar}`)" if parameter.envvar else ""
    default = (
        "required" if parameter.required else f"`{parameter.default}`" if parameter.default not in (None, "") else ""
    )
    return names + variable, default, one_line(getattr(parameter, "help", ""))
