"""Payment providers take a buyer's money; the hub believes their signed webhooks and nothing else."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hub.plugin_api.manifest import ExtensionPoint, OnError


@dataclass(frozen=True)
class CheckoutRequest:
    """`idempotency_key` names the order: asking twice must charge once. `amount_micro` is in 1e-6 of `currency`."""

    idempotency_key: str
    amount_micro: int
    currency: str
    return_url: str
    webhook_url: str


@dataclass(frozen=True)
class Checkout:
    """Where to send the buyer's browser, and the provider's own name for this checkout."""

    id: str
    url: str


@dataclass(frozen=True)
class PaymentEvent:
    """One verified webhook. `id` is unique at the provider; the same event may arrive many times, in any order."""

    id: str
    kind: str
    idempotency_key: str
    amount_micro: int
    currency: str


class PaymentProvider(Protocol):
    @abstractmethod
    def start_checkout(self, request: CheckoutRequest) -> Checkout: ...

    @abstractmethod
    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> PaymentEvent:
        """Verify the signature and read the event. Raises PluginError for a forged or stale one."""


PAYMENT_PROVIDER: ExtensionPoint[PaymentProvider] = ExtensionPoint("payment_provider", on_error=OnError.RETRY)
