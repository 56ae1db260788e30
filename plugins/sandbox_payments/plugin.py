"""The manifest of a payment provider that takes no real money."""

from pydantic import BaseModel

from hub.plugin_api import Component, Plugin


class SandboxConfig(BaseModel, extra="forbid", frozen=True):
    """`webhook_secret` signs the provider's webhooks; both sides of the sandbox read it here."""

    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 - it guards play money


plugin = Plugin(
    name="sandbox_payments",
    summary="A payment provider for laptops and tests: real checkouts and signed webhooks, no real money.",
    config=SandboxConfig,
    components=[Component("payment_provider", "sandbox", "plugins.sandbox_payments.provider:SandboxProvider")],
    django_app="plugins.sandbox_payments",
)
