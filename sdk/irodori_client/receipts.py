"""Checks a licence receipt on this machine, with keys that you kept. Needs `irodori-client[verify]`.

A receipt is a JSON Web Signature (RFC 7515) in compact form, signed with Ed25519 (RFC 9864).
"""

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from pydantic import ValidationError

from irodori_client import signatures
from irodori_client.errors import DamagedError
from irodori_client.models import PublicKeys
from irodori_client.models.base import Model

RECEIPT, REVOCATIONS = "irodori-receipt+jws", "irodori-revocations+jws"


class RevokedError(DamagedError):
    """The receipt is genuine, and its licence has ended before the image was made; also by a takedown of the style."""

    code = "revoked"


class ExpiredError(DamagedError):
    """The receipt of a grant is genuine, and its term is over. Images that were made within it stay licensed."""

    code = "expired"


class Licensee(Model):
    organisation: str
    name: str


class Granted(Model):
    """Territory is country codes, empty for everywhere. Times are seconds since 1970."""

    grant: str
    agreement: str
    version: int
    style: str
    title: str
    number: int
    creator: str
    licence: str
    permissions: tuple[str, ...]
    territory: tuple[str, ...]
    starts_at: int
    ends_at: int


class LicensedImage(Model):
    generation: str
    sha256: str
    media_type: str
    made_at: int


class Price(Model):
    paid_micro: int
    currency: str


class LicenceReceipt(Model):
    """Who licensed what, when, for which image, at what price; `image` is None for the receipt of a grant."""

    jti: str
    iss: str
    iat: int
    kind: str
    licensee: Licensee
    grants: tuple[Granted, ...]
    image: LicensedImage | None = None
    price: Price


def verify(
    receipt: bytes, keys: PublicKeys, *, image: bytes | None = None, revocations: bytes | None = None
) -> LicenceReceipt:
    """What it says, if one of the keys signed it and its term is not over; of this image and not revoked, where those are given.

    An image that was made within the term stays licensed, so its receipt is good for ever. Raises DamagedError,
    RevokedError, ExpiredError.
    """
    try:
        found = LicenceReceipt.model_validate(_claims(receipt, keys, RECEIPT))
    except ValidationError as error:
        raise DamagedError("It does not say what receipts say.") from error
    if image is not None and (found.image is None or hashlib.sha256(image).hexdigest() != found.image.sha256):
        raise DamagedError("It is of another image, or of a grant and no image.")
    if revocations is not None:
        _check_revoked(found, _claims(revocations, keys, REVOCATIONS))
    _check_term(found)
    return found


def _claims(text: bytes, keys: PublicKeys, kind: str) -> dict[str, Any]:
    try:
        head, body, signature = text.strip().decode("ascii").split(".")
        header = json.loads(signatures.decoded(head))
        if (header["typ"], header["alg"]) != (kind, "Ed25519"):
            raise DamagedError("This is no such file of an Irodori hub: its header says something else.")
        signatures.check(f"{head}.{body}".encode(), signature, header["kid"], keys)
        claims: dict[str, Any] = json.loads(signatures.decoded(body))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError("This is no signed file that can be read.") from error
    return claims


def _check_revoked(receipt: LicenceReceipt, claims: dict[str, Any]) -> None:
    """What was made before its grant was revoked, or its style taken down, stays licensed."""
    if claims["exp"] < _now():
        raise DamagedError("This list of revocations is out of date. Fetch it again.")
    grants, versions = {each.grant for each in receipt.grants}, {each.version for each in receipt.grants}
    for each in claims["revocations"]:
        if each["grant"] in grants and _came_first(each["revoked_at"], receipt):
            raise RevokedError(f"The grant {each['grant']} was revoked: {each['reason']}")
    for each in claims["takedowns"]:
        if each["version"] in versions and _came_first(each["published_at"], receipt):
            raise RevokedError(f"“{each['style']}” was taken down: {each['reason']}")


def _came_first(at: int, receipt: LicenceReceipt) -> bool:
    return receipt.image is None or at < receipt.image.made_at


def _check_term(receipt: LicenceReceipt) -> None:
    for each in receipt.grants if receipt.image is None else ():
        if each.ends_at <= _now():
            raise ExpiredError(
                f"The grant {each.grant} has ended. Images that were made within its term stay licensed."
            )


def _now() -> float:
    return datetime.now(timezone.utc).timestamp()
