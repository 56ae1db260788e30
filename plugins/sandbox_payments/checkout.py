"""A checkout is its own signed address: the sandbox keeps no table, so it has nothing to lose."""

import hashlib
from dataclasses import asdict
from urllib.parse import urljoin

from django.core import signing
from django.urls import reverse

from hub.plugin_api import Checkout, CheckoutRequest, PluginError

SALT = "plugins.sandbox_payments.checkout"
OPEN_SECONDS = 24 * 3600


class UnknownCheckoutError(PluginError):
    """The address was not made by us, or is older than a day."""


def opened(request: CheckoutRequest, secret: str) -> Checkout:
    """The same request gives a checkout with the same id."""
    token = signing.dumps(asdict(request), key=secret, salt=SALT, compress=True)
    address = reverse("sandbox_payments:checkout", args=[token])
    return Checkout(checkout_id(request), urljoin(request.return_url, address))


def read(token: str, secret: str) -> CheckoutRequest:
    """Raises UnknownCheckoutError."""
    try:
        return CheckoutRequest(**signing.loads(token, key=secret, salt=SALT, max_age=OPEN_SECONDS))
    except signing.BadSignature as error:
        raise UnknownCheckoutError("This checkout is not known, or is older than a day.") from error


def checkout_id(request: CheckoutRequest) -> str:
    return f"sandbox_{_digest(request)}"


def event_id(request: CheckoutRequest) -> str:
    """The same for every time the same checkout is paid, so that paying twice pays once."""
    return f"paid_{_digest(request)}"


def _digest(request: CheckoutRequest) -> str:
    return hashlib.sha256(request.idempotency_key.encode()).hexdigest()[:32]
