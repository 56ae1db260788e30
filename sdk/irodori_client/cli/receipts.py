"""`iro receipt`: the signed licence receipt of an image, fetched and checked."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from irodori_client.cli.files import read_model, write
from irodori_client.cli.output import usd
from irodori_client.cli.session import Json, session_of
from irodori_client.models import PublicKeys
from irodori_client.receipts import LicenceReceipt, verify


def receipt(
    context: typer.Context,
    generation: Annotated[UUID, typer.Argument(help="The id of an image that was ordered under grants.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="Save the receipt here.")
    ] = None,
    image: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The image that it should be for.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The hub's public keys as you kept them; asked for if left out."
        ),
    ] = None,
    json: Json = False,  # noqa: ARG001 - its callback has read it
) -> None:
    """Fetch an image's licence receipt, and check on this machine that it is genuine and in force."""
    session = session_of(context)
    with session.client() as client:
        text = client.partner.image_receipt(generation)
        known = read_model(keys, PublicKeys) if keys else client.partner.receipt_keys()
        revoked = client.partner.revocations()
    found = verify(text, known, image=image.read_bytes() if image else None, revocations=revoked)
    if output:
        write(str(output), text)
    session.out.result(found, "\n".join(_said(found)))


def _said(found: LicenceReceipt) -> list[str]:
    lines = [f"Genuine: of {found.iss}, for {found.licensee.name}, {usd(found.price.paid_micro)}"]
    for each in found.grants:
        until = datetime.fromtimestamp(each.ends_at, timezone.utc)
        where = ", ".join(each.territory) or "everywhere"
        lines.append(f"{each.title} by {each.creator}: {', '.join(each.permissions)}; {where}; until {until:%Y-%m-%d}")
    return lines + ([f"Image: SHA-256 {found.image.sha256}"] if found.image else [])
