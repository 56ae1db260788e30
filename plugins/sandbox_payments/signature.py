"""Signs and verifies webhooks the way of the Standard Webhooks specification: HMAC-SHA256 over id, time and body."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from hub.plugin_api import PluginError

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300


class ForgedWebhookError(PluginError):
    """The signature does not match, or the message is too old to be believed."""


def signed_headers(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        ID: event_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: f"v1,{_mac(secret, event_id, str(timestamp), body)}",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The event's id. Raises ForgedWebhookError unless one of the signatures is ours and at most 5 minutes old."""
    given = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not event_id or not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise ForgedWebhookError("It carries no id or no time.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise ForgedWebhookError("It is older than five minutes, or the clocks disagree.")
    expected = f"v1,{_mac(secret, event_id, timestamp, body)}".encode()
    if not any(hmac.compare_digest(expected, one.encode()) for one in given.get(SIGNATURE, "").split(" ")):
        raise ForgedWebhookError("Its signature is not ours.")
    return event_id


def _mac(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{event_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
