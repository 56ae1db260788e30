"""`irodori worker KIND`: one worker process, for machines that do not run `irodori up`."""

import os
from typing import Annotated

import typer

worker = typer.Typer(no_args_is_help=True, help="Run one worker process, configured by HUB_ settings.")


@worker.command()
def generate(
    engines: Annotated[
        str, typer.Option(envvar="HUB_SERVING_ENGINES", help="Engines to serve, comma-separated.")
    ] = "sdxl,upscale",
) -> None:
    """Draw images: holds one base model in memory. Run one per accelerator."""
    from hub.workers import generate_worker

    _become(generate_worker([name.strip() for name in engines.split(",")]))


@worker.command()
def convert() -> None:
    """Turn uploads into packs that the generate workers load. Needs torch, no accelerator."""
    from hub.workers import convert_worker

    _become(convert_worker())


@worker.command()
def site(
    beat: Annotated[bool, typer.Option(help="Also send the periodic tasks. Exactly one site worker must.")] = True,
) -> None:
    """Check uploads, take results, move money: whatever the site does outside of a request."""
    from hub.workers import site_worker

    _become(site_worker(beat=beat))


def _become(command: tuple[str, ...]) -> None:
    """Replace this process, so that signals reach the worker itself."""
    os.execv(command[0], command)  # noqa: S606 - our own command line, no shell
