"""`irodori verify-receipt FILE`: is this licence receipt genuine? Needs no account, no database and, with files at hand, no network.

Exit codes: 0 genuine and in force, 2 wrong usage, 3 not genuine, 4 a file can't be fetched, 5 of another image, 6 revoked or
taken down, 7 its term is over.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.receipts import Revocation, Takedown

USAGE, NOT_GENUINE, UNREACHABLE, OTHER_IMAGE, REVOKED, ENDED = 2, 3, 4, 5, 6, 7
WAIT_S = 10


def verify_receipt(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A receipt, as the hub gave it.")
    ],
    keys: Annotated[
        str,
        typer.Option(
            help="The keys of the hub that you trust: a file, or an address. Left out: those that IRODORI_URL publishes."
        ),
    ] = "",
    image: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="The image that it should be for."),
    ] = None,
    revocations: Annotated[
        str,
        typer.Option(
            help="The hub's list of revoked grants and takedowns: a file, or an address. Left out: it is not looked at."
        ),
    ] = "",
    url: Annotated[str, typer.Option(envvar="IRODORI_URL", help="The hub's address.")] = "http://127.0.0.1:8000",
) -> None:
    """Check a licence receipt, and say what it says. No account and no database is needed.

    Exits with 0 when it is genuine and in force, 2 for wrong usage, 3 when it is not genuine, 4 when keys or list can't be
    fetched, 5 when it is of another image, 6 when its licence was revoked or its style taken down, 7 when its term is over. An
    image that was made before any of that stays licensed.
    """
    from hub.receipts import KEYS_ADDRESS, Kind, ReceiptError, keys_of, read, revocations_in, takedowns_in

    published = _text(keys or f"{url.rstrip('/')}{KEYS_ADDRESS}")
    listed = _text(revocations) if revocations else ""
    try:
        trusted = keys_of(_json(published))
        claims = read(_text(str(file)).removesuffix("\n"), trusted, Kind.RECEIPT)
        now = datetime.now(UTC)
        ended = read(listed.strip(), trusted, Kind.REVOCATIONS) if listed else None
        revoked = revocations_in(ended, now) if ended else {}
        taken_down = takedowns_in(ended) if ended else {}
    except ReceiptError as error:
        raise _stop(f"Not genuine. {error}", NOT_GENUINE) from error
    _say(claims)
    _compare(claims, image)
    _refuse_what_is_over(claims, revoked, taken_down, now)


def _refuse_what_is_over(
    claims: dict[str, Any], revoked: "Mapping[str, Revocation]", taken_down: "Mapping[int, Takedown]", now: datetime
) -> None:
    """By the hub's list, and by the receipt's own term."""
    from hub.receipts import end_of, revocation_of, takedown_of

    if (revocation := revocation_of(claims, revoked)) is not None:
        raise _stop(f"Revoked on {revocation.at:%Y-%m-%d}: {revocation.reason}", REVOKED)
    if (notice := takedown_of(claims, taken_down)) is not None:
        raise _stop(f"Taken down on {notice.at:%Y-%m-%d}: {notice.reason}", REVOKED)
    if (end := end_of(claims, now)) is not None:
        raise _stop(f"Its term ended on {end:%Y-%m-%d}. Images that were made within it stay licensed.", ENDED)


def _say(claims: dict[str, Any]) -> None:
    from hub.receipts import moment

    licensee = claims["licensee"]
    typer.echo(f"Genuine: a receipt of {claims['iss']}, issued on {moment(claims['iat']):%Y-%m-%d %H:%M} UTC")
    typer.echo(f"Licensee: {licensee['name']} ({licensee['organisation']})")
    for grant in claims["grants"]:
        where = ", ".join(grant["territory"]) or "everywhere"
        typer.echo(
            f"Style: {grant['title']}, version {grant['number']}, by {grant['creator']} (grant {grant['grant']})"
        )
        typer.echo(f"Permits: {', '.join(grant['permissions'])}; {where}; until {moment(grant['ends_at']):%Y-%m-%d}")
    if "image" in claims:
        typer.echo(f"Image: SHA-256 {claims['image']['sha256']}")
    price = claims["price"]
    typer.echo(f"Paid: {price['paid_micro'] / 1e6:.6f} {price['currency']}")


def _compare(claims: dict[str, Any], image: Path | None) -> None:
    """Exits where the image is not the receipt's."""
    if image is None:
        return
    if "image" not in claims:
        raise _stop("This is the receipt of a grant; it names no image. Take the image's own receipt.", OTHER_IMAGE)
    with image.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if sha256 != claims["image"]["sha256"]:
        raise _stop(f"It is of another image: {image} has SHA-256 {sha256}.", OTHER_IMAGE)
    typer.echo(f"{image} is this image, to the byte.")


def _text(source: str) -> str:
    """What a file or an address holds. Exits where it can't be had."""
    import httpx

    try:
        if source.startswith(("http://", "https://")):
            answer = httpx.get(source, timeout=WAIT_S)
            return answer.raise_for_status().text
        return Path(source).read_bytes().decode()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _stop(
            f"{source} can't be fetched: {error}. Keep a copy of it, and name the file.", UNREACHABLE
        ) from error
    except OSError as error:
        raise _stop(f"{source} can't be read: {error}.", USAGE) from error
    except UnicodeDecodeError as error:
        raise _stop(f"Not genuine. {source} is no text.", NOT_GENUINE) from error


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _stop(
            "The keys are no JSON. Take them from the hub's /.well-known/irodori-receipt-keys.json.", USAGE
        ) from error


def _stop(message: str, code: int) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)
