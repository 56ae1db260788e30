import base64
import hmac
import json
import time


def check(secret: str, headers: dict[str, str], body: bytes) -> dict[str, object]:
    """The event in the body, taken as it came. Raises ValueError for what the hub did not send, or sent too long ago."""
    sent = headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        raise ValueError("sent too long ago")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{sent}.".encode() + body
    right = base64.b64encode(hmac.digest(key, text, "sha256"))
    given = [part.removeprefix("v1,").encode() for part in headers["webhook-signature"].split()]
    if not any(hmac.compare_digest(right, each) for each in given):
        raise ValueError("not signed by the hub")
    event: dict[str, object] = json.loads(body)
    return event
