"""Signs as https://www.standardwebhooks.com/ says: HMAC-SHA-256 over id, time and body. Pure but for new secrets."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: str, *, signers: Iterable[str], now: datetime) -> dict[str, str]:
    """The three headers of the standard. Each secret gives a signature, and a receiver accepts any that it knows."""
    timestamp = str(int(now.timestamp()))
    text = f"{message_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, text) for secret in signers),
    }


def _signature(secret: str, text: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
