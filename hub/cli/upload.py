"""`irodori upload FILE`: send a style to a hub, and publish it if terms are given.

Exit codes: 0 done, 2 wrong usage, 3 refused, 4 the hub can't be reached.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

USAGE, REFUSED, UNREACHABLE = 2, 3, 4
# The fields of POST /api/v1/versions, but for `upload`; a test compares them with the site's.
REQUIRED_TERMS = frozenset({"title", "sample_prompt", "licence", "price_micro", "creator_share_bp", "training_sources"})
OTHER_TERMS = frozenset(
    {
        "style",
        "description",
        "trigger_words",
        "example_prompts",
        "attribution",
        "artists_imitated",
        "organisation",
        "parents",
        "derivatives_share_bp",
        "contributors",
        "download_price_micro",
        "api_first_days",
        "early_access_days",
        "may_be_derived",
        "outputs_may_train",
        "may_be_merged",
        "may_be_resold",
        "commercial_use",
        "credit_required",
        "territory",
        "partners",
        "expires",
        "opt_outs",
    }
)


def upload(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A .safetensors file.")],
    base: Annotated[str, typer.Option(help="The base model it was made for, by the hub's name for it.")],
    token: Annotated[
        str,
        typer.Option(
            envvar="IRODORI_TOKEN", help="An API key with the scopes uploads and styles:write (developers' pages)."
        ),
    ],
    url: Annotated[str, typer.Option(envvar="IRODORI_URL", help="The hub's address.")] = "http://127.0.0.1:8000",
    publish: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Terms to publish under: a TOML or JSON file."),
    ] = None,
) -> None:
    """Upload a LoRA or a fine-tuned model, wait until it is checked, and publish it if --publish gives the terms.

    Exits with 0 when done, 2 for wrong usage, 3 when the file or the terms are refused, 4 when the hub can't be reached.
    """
    from hub.client import HubError, RefusedError, UsageError

    terms = _terms(publish) if publish else None
    try:
        _check_header(file)
        _run(file, base, url, token, terms)
    except RefusedError as error:
        raise _stop(str(error) if error.field is None else f"{error.field}: {error}", REFUSED) from error
    except UsageError as error:
        raise _stop(str(error), USAGE) from error
    except HubError as error:
        raise _stop(str(error), UNREACHABLE) from error


def _run(file: Path, base: str, url: str, token: str, terms: dict[str, Any] | None) -> None:
    from hub.client import HubClient

    with HubClient(url, token) as client:
        with _bars(file.stat().st_size) as progress:
            sent = client.upload_file(file, base_model=base, progress=progress)
        typer.echo("Sent. The hub is checking it ...")
        ready = client.wait_for_upload(sent.id)
        typer.echo(f"Ready: {ready.kind}, upload {ready.id}.")
        if terms is not None:
            version = client.publish(ready.id, terms)
            typer.echo(f"Published: version {version.number}, id {version.id}.")


def _terms(path: Path) -> dict[str, Any]:
    """The fields of POST /api/v1/versions, but for `upload`."""
    try:
        text = path.read_text(encoding="utf-8")
        terms = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:  # not readable, not UTF-8, not TOML, not JSON
        raise typer.BadParameter(f"{path} can't be read: {error}.", param_hint="--publish") from error
    if not isinstance(terms, dict):
        raise typer.BadParameter(f"{path} holds no table of terms.", param_hint="--publish")
    _check_names(terms)
    # TOML has days of its own, and JSON has none.
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in terms.items()}


def _check_names(terms: dict[str, Any]) -> None:
    """Say now what the hub would say, or overlook, after the whole file was sent. Values are the hub's to judge."""
    missing = sorted(REQUIRED_TERMS - terms.keys())
    unknown = sorted(terms.keys() - REQUIRED_TERMS - OTHER_TERMS)
    if missing:
        raise typer.BadParameter(f"The terms lack {', '.join(missing)}.", param_hint="--publish")
    if unknown:
        known = ", ".join(sorted(REQUIRED_TERMS | OTHER_TERMS))
        raise typer.BadParameter(f"No such terms: {', '.join(unknown)}. There are {known}.", param_hint="--publish")


def _check_header(path: Path) -> None:
    """Refuse here what the hub would refuse after hours of sending. Raises RefusedError."""
    from hub.client import RefusedError
    from hub.tensor_file import HeaderError, header_length, parse_header

    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            first = file.read(8)
            parse_header(first + file.read(header_length(first, size)), size)
    except HeaderError as error:
        raise RefusedError(error.message, status=0, code=error.code) from error


@contextmanager
def _bars(size: int) -> Iterator[Any]:
    """One bar for the whole file and one for the part under way."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        whole = progress.add_task("file", total=size)
        part_bar, current = progress.add_task("part", total=None), 0

        def tell(part: int, length: int, sent: int) -> None:
            nonlocal current
            if part != current:
                current = part
                progress.reset(part_bar, total=length, description=f"part {part}")
            progress.advance(whole, sent)
            progress.advance(part_bar, sent)

        yield tell


def _stop(message: str, code: int) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)
