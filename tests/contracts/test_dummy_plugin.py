"""A plugin from outside the tree works as one from inside: it is installed, found by its entry point, and keeps every contract."""

from typing import Any

import hub.plugin_api
from hub.plugin_api import (
    ADAPTER_FORMAT,
    ENGINE,
    PAYMENT_PROVIDER,
    PROMPT_CHECK,
    AdapterFormat,
    CheckoutRequest,
    Engine,
    ExtensionPoint,
    ModelLayout,
    PaymentProvider,
    PromptCheck,
)
from hub.tensor_file import FileHeader, TensorInfo
from hub.testing.adapter_format_contract import AdapterFormatContract
from hub.testing.engine_contract import EngineContract
from hub.testing.payment_provider_contract import PaymentProviderContract
from hub.testing.prompt_check_contract import PromptCheckContract
from tests.factories.dummy import dummy_registry


def test_it_uses_every_extension_point_there_is() -> None:
    points = {value.name for value in vars(hub.plugin_api).values() if isinstance(value, ExtensionPoint)}
    used = {component.point for component in dummy_registry().plugins["dummy"].components}
    assert used == points


def test_every_component_can_be_built() -> None:
    registry = dummy_registry()
    points: list[ExtensionPoint[Any]] = [ENGINE, ADAPTER_FORMAT, PROMPT_CHECK, PAYMENT_PROVIDER]
    built = [[type(component).__module__ for _, component in registry.every(point)] for point in points]
    assert built == [
        ["irodori_dummy.engine"],
        ["irodori_dummy.adapter_format"],
        ["irodori_dummy.prompt_check"],
        ["irodori_dummy.payment_provider"],
    ]


class TestEngine(EngineContract):
    engine_id = "dummy"

    def engine(self) -> Engine:
        return dummy_registry().get(ENGINE, "dummy")


class TestPromptCheck(PromptCheckContract):
    allowed = "a harbour at dawn"
    refused = "a harbour at dawn with many boats"

    def check(self) -> PromptCheck:
        return dummy_registry().get(PROMPT_CHECK, "dummy")


class TestAdapterFormat(AdapterFormatContract):
    def adapter_format(self) -> AdapterFormat:
        return dummy_registry().get(ADAPTER_FORMAT, "dummy")

    def header(self) -> FileHeader:
        tensors = {
            "dummy.dummy.layer.down": TensorInfo("F32", (2, 6), 0, 48),
            "dummy.dummy.layer.up": TensorInfo("F32", (4, 2), 48, 80),
        }
        return FileHeader(tensors, {}, 8)

    def layout(self) -> ModelLayout:
        return dummy_registry().get(ENGINE, "dummy").layout()


class TestPaymentProvider(PaymentProviderContract):
    def provider(self) -> PaymentProvider:
        return dummy_registry().get(PAYMENT_PROVIDER, "dummy")

    def paid_webhook(self, request: CheckoutRequest) -> tuple[dict[str, str], bytes]:
        webhook: tuple[dict[str, str], bytes] = self.provider().paid_webhook(request)  # type: ignore[attr-defined]  # the dummy's own
        return webhook
