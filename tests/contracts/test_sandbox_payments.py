from hub.plugin_api import CheckoutRequest, PaymentProvider
from hub.testing.payment_provider_contract import PaymentProviderContract
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.provider import SandboxProvider


class TestSandbox(PaymentProviderContract):
    def provider(self) -> PaymentProvider:
        return SandboxProvider(SandboxConfig())

    def paid_webhook(self, request: CheckoutRequest) -> tuple[dict[str, str], bytes]:
        return SandboxProvider(SandboxConfig()).paid_webhook(request)
