"""A payment provider whose webhooks are JSON signed with one secret."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from hub.plugin_api import Checkout, CheckoutRequest, PaymentEvent, PluginError
from irodori_dummy.plugin import DummyConfig

SIGNATURE = "dummy-signature"


class DummyPay:
    def __init__(self, config: DummyConfig) -> None:
        self._secret = config.webhook_secret.encode()

    def start_checkout(self, request: CheckoutRequest) -> Checkout:
        return Checkout(id=request.idempotency_key, url=f"https://pay.invalid/{request.idempotency_key}")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> PaymentEvent:
        if not hmac.compare_digest(headers.get(SIGNATURE, ""), self._signature(body)):
            raise PluginError("The signature does not fit the body.")
        return PaymentEvent(**json.loads(body))

    def paid_webhook(self, request: CheckoutRequest) -> tuple[dict[str, str], bytes]:
        """What the provider's own server would send once the buyer has paid."""
        event = {
            "id": f"paid-{request.idempotency_key}",
            "kind": "payment.succeeded",
            "idempotency_key": request.idempotency_key,
            "amount_micro": request.amount_micro,
            "currency": request.currency,
        }
        body = json.dumps(event).encode()
        return {SIGNATURE: self._signature(body)}, body

    def _signature(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()
