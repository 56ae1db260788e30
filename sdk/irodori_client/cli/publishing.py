"""`iro upload`: send a style to a hub, and publish it if terms are given."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from irodori_client.cli.completion import base_slugs
from irodori_client.cli.files import read_model
from irodori_client.cli.session import Json, Session, session_of
from irodori_client.client import Client
from irodori_client.models import Terms, Upload, Version


def upload(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A .safetensors file.")],
    base: Annotated[str, typer.Option(help="The base that it was made for.", autocompletion=base_slugs)],
    publish: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Terms to publish under: a YAML, TOML or JSON file."),
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Send a LoRA or a fine-tuned model, wait until it is checked, and publish it if --publish gives the terms.

    Interrupted, the same command sends only what is missing: the hub keeps an unfinished upload for a day.
    """
    session = session_of(context)
    terms = read_model(publish, Terms) if publish else None
    with session.client() as client:
        sent = _sent(session, client, file, base)
        session.out.note("Sent. The hub is checking it ...")
        ready = client.uploads.wait(sent.id)
        version = client.versions.publish(ready.id, terms) if terms else None
    session.out.result({"upload": ready, "version": version}, _said(ready, version))


def _sent(session: Session, client: Client, file: Path, base: str) -> Upload:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with session.bars(*columns) as bars:
        bar = bars.add_task(file.name, total=file.stat().st_size)
        return client.uploads.send(file, base_model=base, progress=lambda sent, _size: bars.update(bar, completed=sent))


def _said(upload: Upload, version: Version | None) -> str:
    ready = f"Ready: {upload.kind}, upload {upload.id}."
    return f"{ready}\nPublished: version {version.number}, id {version.id}." if version else ready
