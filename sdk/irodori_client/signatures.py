"""Ed25519 signatures, checked with keys that somebody kept. Needs `irodori-client[verify]`."""

import base64

from irodori_client.errors import DamagedError, UsageError
from irodori_client.models import PublicKeys


def check(signed: bytes, signature: str, key_id: str, keys: PublicKeys) -> None:
    """Raises DamagedError where none of the keys signed exactly this, UsageError where `cryptography` is not installed."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:  # an extra, so that those who only draw need not build it
        raise UsageError("Checking a signature needs: pip install 'irodori-client[verify]'") from error
    key = next((key for key in keys.keys if key.kid == key_id), None)
    if key is None:
        raise DamagedError("It is signed by a key that is not among those given.")
    try:
        Ed25519PublicKey.from_public_bytes(decoded(key.x)).verify(decoded(signature), signed)
    except InvalidSignature as error:
        raise DamagedError("The signature does not fit: something in it was changed.") from error


def decoded(text: str) -> bytes:
    """base64url, with or without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
