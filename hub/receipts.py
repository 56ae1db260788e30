"""Licence receipts and the list of revoked ones: JSON Web Signatures (RFC 7515) that anyone checks without asking the hub.

Signed by Ed25519 (RFC 9864) in compact form. The header names the key by its thumbprint and what is signed by its type, so that
a list is never taken for a receipt.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hub import signing

ALGORITHM = "Ed25519"
MEDIA_TYPE = "application/jose"
KEYS_ADDRESS = "/.well-known/irodori-receipt-keys.json"
REVOCATIONS_ADDRESS = "/.well-known/irodori-revocations.jws"
MOST_CHARACTERS = 2**24


class Kind(StrEnum):
    """The header's `typ`."""

    RECEIPT = "irodori-receipt+jws"
    REVOCATIONS = "irodori-revocations+jws"


class ReceiptError(Exception):
    """It is not what it claims to be; the message says why, in a sentence."""


class UnknownKeyError(ReceiptError):
    """None of the given keys signed it."""


@dataclass(frozen=True)
class Revocation:
    """`at` is when the grant ended; what was made before stays licensed."""

    grant: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Takedown:
    """A notice of a version that may not be offered any more."""

    version: int
    at: datetime
    reason: str


def sign(claims: Mapping[str, Any], key: Ed25519PrivateKey, kind: Kind) -> str:
    """The same claims by the same key give the same text."""
    header = {"alg": ALGORITHM, "typ": str(kind), "kid": signing.key_id(key.public_key())}
    payload = json.dumps(claims, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return jws.serialize_compact(header, payload, OKPKey.import_key(key), algorithms=[ALGORITHM])


def read(text: str, keys: Mapping[str, Ed25519PublicKey], kind: Kind) -> dict[str, Any]:
    """What is claimed, if one of the keys signed exactly this text. Raises ReceiptError."""
    header = _header(text)
    if header.get("typ") != kind or header.get("alg") != ALGORITHM:
        raise ReceiptError("This is no such file of an Irodori hub: its header says something else.")
    if (key := keys.get(str(header.get("kid")))) is None:
        raise UnknownKeyError("None of these keys signed it. Take the keys of the hub that issued it.")
    try:
        signed = jws.deserialize_compact(text, OKPKey.import_key(key), algorithms=[ALGORITHM])
        claims = json.loads(signed.payload)
    except (JoseError, ValueError) as error:
        raise ReceiptError("The signature does not fit: something in it was changed.") from error
    if not isinstance(claims, dict):
        raise ReceiptError("It holds no claims.")
    return claims


def key_set(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    """As a JSON Web Key set (RFC 7517)."""
    return {"keys": [{**signing.jwk(key), "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, key in keys.items()]}


def keys_of(published: object) -> dict[str, Ed25519PublicKey]:
    """Every Ed25519 key of such a set by its thumbprint, whatever the set calls it. Raises ReceiptError."""
    try:
        texts = [key["x"] for key in published["keys"] if key.get("crv") == "Ed25519"]  # type: ignore[index]  # checked by failing
        keys = [signing.read_public(text) for text in texts]
    except (KeyError, TypeError, AttributeError, signing.SigningKeyError) as error:
        raise ReceiptError("This is no set of keys (RFC 7517).") from error
    return {signing.key_id(key): key for key in keys}


def revocations_in(claims: Mapping[str, Any], now: datetime) -> dict[str, Revocation]:
    """By grant. Raises ReceiptError for a list that is too old to rely on."""
    if moment(claims["exp"]) < now:
        raise ReceiptError("This list of revocations is out of date. Fetch it again.")
    return {
        entry["grant"]: Revocation(entry["grant"], moment(entry["revoked_at"]), entry["reason"])
        for entry in claims["revocations"]
    }


def takedowns_in(claims: Mapping[str, Any]) -> dict[int, Takedown]:
    """By version, of a list that revocations_in has read."""
    return {
        entry["version"]: Takedown(entry["version"], moment(entry["published_at"]), entry["reason"])
        for entry in claims["takedowns"]
    }


def revocation_of(claims: Mapping[str, Any], revoked: Mapping[str, Revocation]) -> Revocation | None:
    """What ended this receipt's licence, if anything did; an image that was made before is licensed still."""
    found = [revoked[grant["grant"]] for grant in claims["grants"] if grant["grant"] in revoked]
    return next((each for each in found if _came_first(each.at, claims)), None)


def takedown_of(claims: Mapping[str, Any], taken_down: Mapping[int, Takedown]) -> Takedown | None:
    """The notice that ended it, likewise."""
    found = [taken_down[grant["version"]] for grant in claims["grants"] if grant.get("version") in taken_down]
    return next((each for each in found if _came_first(each.at, claims)), None)


def end_of(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the term of a grant's receipt ended, if it did. An image that was made within it is licensed for good."""
    ends = [moment(grant["ends_at"]) for grant in claims["grants"] if "image" not in claims]
    return next((end for end in ends if end <= now), None)


def _came_first(at: datetime, claims: Mapping[str, Any]) -> bool:
    """Was the image of this receipt made later? Of one that names none it always would be."""
    made = claims.get("image", {}).get("made_at")
    return made is None or at < moment(made)


def moment(value: int) -> datetime:
    """Times are seconds since 1970, as in JSON Web Tokens."""
    return datetime.fromtimestamp(value, UTC)


def _header(text: str) -> dict[str, Any]:
    try:
        if len(text) > MOST_CHARACTERS:
            raise ValueError(len(text))
        header = json.loads(signing.decode(text.partition(".")[0]))
    except (ValueError, RecursionError) as error:
        raise ReceiptError("This is no signed file: it has no header that can be read.") from error
    if not isinstance(header, dict):
        raise ReceiptError("This is no signed file: it has no header that can be read.")
    return header
