"""The sandbox as the hub sees it: opens checkouts, reads signed webhooks."""

import time
from collections.abc import Mapping

from pydantic import BaseModel, Field, ValidationError

from hub.plugin_api import Checkout, CheckoutRequest, PaymentEvent, PaymentProvider, PluginError
from plugins.sandbox_payments.checkout import event_id, opened
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.signature import signed_headers, verify

PAID = "payment.succeeded"


class WebhookBody(BaseModel, extra="forbid", frozen=True):
    """What the sandbox sends; amounts in 1e-6 of the currency."""

    kind: str = Field(max_length=60)
    idempotency_key: str = Field(max_length=120)
    amount_micro: int = Field(ge=0, lt=2**63)
    currency: str = Field(pattern="^[A-Z]{3}$")


class SandboxProvider(PaymentProvider):
    def __init__(self, config: SandboxConfig) -> None:
        self._secret = config.webhook_secret

    def start_checkout(self, request: CheckoutRequest) -> Checkout:
        return opened(request, self._secret)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> PaymentEvent:
        identity = verify(self._secret, headers, body, time.time())
        try:
            event = WebhookBody.model_validate_json(body)
        except ValidationError as error:
            raise PluginError("Its body can't be read.") from error
        return PaymentEvent(
            id=identity[:120],
            kind=event.kind,
            idempotency_key=event.idempotency_key,
            amount_micro=event.amount_micro,
            currency=event.currency,
        )

    def paid_webhook(self, request: CheckoutRequest) -> tuple[dict[str, str], bytes]:
        """Headers and body of the webhook that says this checkout is paid."""
        event = WebhookBody(
            kind=PAID,
            idempotency_key=request.idempotency_key,
            amount_micro=request.amount_micro,
            currency=request.currency,
        )
        body = event.model_dump_json().encode()
        headers = signed_headers(self._secret, event_id(request), int(time.time()), body)
        return {"content-type": "application/json", **headers}, body
