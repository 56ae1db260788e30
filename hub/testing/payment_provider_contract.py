"""The rules every payment provider keeps, as tests that a plugin author inherits."""

from abc import ABC, abstractmethod
from dataclasses import replace

import pytest

from hub.plugin_api import CheckoutRequest, PaymentProvider, PluginError

REQUEST = CheckoutRequest(
    idempotency_key="order-1",
    amount_micro=5_000_000,
    currency="USD",
    return_url="https://hub.example/wallet",
    webhook_url="https://hub.example/api/payments/x/webhook",
)


class PaymentProviderContract(ABC):
    """Subclass this, provide the provider and the webhook by which it says that a checkout is paid."""

    @abstractmethod
    def provider(self) -> PaymentProvider: ...

    @abstractmethod
    def paid_webhook(self, request: CheckoutRequest) -> tuple[dict[str, str], bytes]:
        """Headers and body, signed as the provider signs them."""

    def test_a_checkout_has_a_name_and_an_address(self) -> None:
        checkout = self.provider().start_checkout(REQUEST)
        assert checkout.id
        assert checkout.url

    def test_the_same_order_twice_is_one_checkout(self) -> None:
        provider = self.provider()
        assert provider.start_checkout(REQUEST) == provider.start_checkout(REQUEST)
        assert provider.start_checkout(replace(REQUEST, idempotency_key="order-2")).id != (
            provider.start_checkout(REQUEST).id
        )

    def test_a_webhook_tells_which_order_and_how_much(self) -> None:
        event = self.provider().parse_webhook(*self.paid_webhook(REQUEST))
        assert (event.idempotency_key, event.amount_micro, event.currency) == ("order-1", 5_000_000, "USD")

    def test_the_same_event_sent_twice_has_one_id_and_another_has_its_own(self) -> None:
        provider = self.provider()
        webhook = self.paid_webhook(REQUEST)
        assert provider.parse_webhook(*webhook) == provider.parse_webhook(*webhook)
        other = self.paid_webhook(replace(REQUEST, idempotency_key="order-2"))
        assert provider.parse_webhook(*other).id != provider.parse_webhook(*webhook).id

    @pytest.mark.parametrize("change", ["body", "headers", "no body", "another order's body"])
    def test_a_forged_webhook_is_refused(self, change: str) -> None:
        headers, body = self.paid_webhook(REQUEST)
        forged = {
            "body": (headers, body[:-1] + bytes([body[-1] ^ 1])),
            "headers": ({}, body),
            "no body": (headers, b""),
            "another order's body": (headers, self.paid_webhook(replace(REQUEST, amount_micro=9))[1]),
        }
        with pytest.raises(PluginError):
            self.provider().parse_webhook(*forged[change])
