"""Ed25519 keys: one PEM file that its owner alone may read, and public halves named as JSON Web Keys are."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key


class SigningKeyError(Exception):
    """A key that is missing or can't be read; the message says what to do."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """Write a new private key. Raises FileExistsError: what it signed can't be signed again by another."""
    key = Ed25519PrivateKey.generate()
    temporary = path.with_name(f".{path.name}.new")
    temporary.touch(mode=0o600)
    temporary.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        path.hardlink_to(temporary)  # whole or not at all, and never in the place of another
    finally:
        temporary.unlink()
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Raises SigningKeyError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:  # missing, no PEM, with a password
        raise SigningKeyError(f"{path} holds no private key that can be read: {error}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(f"{path} is no Ed25519 key. Make one: irodori ledger new-key FILE")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """The 32 bytes as a JSON Web Key's `x` (RFC 8037): base64url without padding, 43 characters."""
    return encode(key.public_bytes_raw())


def read_public(text: str) -> Ed25519PublicKey:
    """Raises SigningKeyError."""
    try:
        return Ed25519PublicKey.from_public_bytes(decode(text))
    except ValueError as error:
        raise SigningKeyError(f"“{text}” is no public key. `irodori ledger key` prints one.") from error


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """As JSON Web Key (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": public_text(key)}


def key_id(key: Ed25519PublicKey) -> str:
    """The key's thumbprint (RFC 7638), 43 characters: nobody can give two keys one name."""
    canonical = json.dumps(jwk(key), sort_keys=True, separators=(",", ":"))
    return encode(hashlib.sha256(canonical.encode()).digest())


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
