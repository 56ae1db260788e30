"""`iro completion SHELL`: the script that completes commands, options, and names of styles and bases."""

from enum import Enum
from itertools import islice
from typing import Annotated

import typer
from typer.completion import completion_init, get_completion_script, install  # type: ignore[attr-defined]  # see below

from irodori_client.client import Client
from irodori_client.errors import IrodoriError
from irodori_client.retries import Retries

# Typer documents two options of the root command that call these; a command can say which shell, and serve both names.
completion_init()
COMMANDS = ("iro", "irodori-client")
# A shell waits for this while somebody types.
PATIENCE_S = 2.0
ZSH = """#compdef %(names)s

_iro_completion() {
  local name=${service:-iro}
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" "_${(U)name//-/_}_COMPLETE=complete_zsh" $name)
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _iro_completion "$@"
else
  compdef _iro_completion %(names)s
fi
"""
MOST = 50


class Shell(str, Enum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(
    shell: Annotated[Shell, typer.Argument(help="Which shell.")],
    install_it: Annotated[bool, typer.Option("--install", help="Write it where the shell looks for it.")] = False,
) -> None:
    """Print the script by which a shell completes this command, or install it.

    For one session of bash: eval "$(iro completion bash)". zsh's goes into a file _iro in a folder of its fpath, or
    after compinit through eval too.
    """
    if install_it:
        for name in COMMANDS:
            _, path = install(shell=shell.value, prog_name=name, complete_var=_variable(name))
            if shell is Shell.ZSH:
                path.write_text(_for_zsh(name))
            typer.echo(f"{path}", err=True)
    elif shell is Shell.ZSH:
        typer.echo(_for_zsh(*COMMANDS))
    else:
        for name in COMMANDS:
            typer.echo(get_completion_script(prog_name=name, complete_var=_variable(name), shell=shell.value))


def _variable(name: str) -> str:
    return f"_{name.replace('-', '_').upper()}_COMPLETE"


def _for_zsh(*names: str) -> str:
    """Typer's own script, loaded from the folder of zsh's functions, only registers itself at the first TAB and says nothing."""
    return ZSH % {"names": " ".join(names)}


def style_slugs(incomplete: str) -> list[str]:
    """Of the newest styles, those that begin so. Nothing where no hub answers: a shell has no room for errors."""
    try:
        with _hasty() as client:
            return [style.slug for style in islice(client.styles.search(), MOST) if style.slug.startswith(incomplete)]
    except IrodoriError:
        return []


def base_slugs(incomplete: str) -> list[str]:
    try:
        with _hasty() as client:
            return [base.slug for base in client.bases.all() if base.slug.startswith(incomplete)]
    except IrodoriError:
        return []


def _hasty() -> Client:
    return Client(timeout=PATIENCE_S, retries=Retries(tries=1))
