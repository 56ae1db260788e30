"""The manifest: what the plugin provides, without importing any of it."""

from pydantic import BaseModel

from hub.plugin_api import Component, EngineInfo, Plugin


class DummyConfig(BaseModel, extra="forbid", frozen=True):
    max_words: int = 50
    webhook_secret: str = "dummy"


def compute_price(width: int, height: int, steps: int) -> int:
    """A millionth of a dollar per thousand pixel-steps, in 1e-6 USD."""
    return width * height * steps // 1000


plugin = Plugin(
    name="dummy",
    summary="One small component for every extension point, to prove that strangers can add them.",
    config=DummyConfig,
    components=[
        Component(
            "engine",
            "dummy",
            "irodori_dummy.engine:DummyEngine",
            EngineInfo(schedulers=("none",), size_multiple=8, max_steps=10, compute_price=compute_price),
        ),
        Component("adapter_format", "dummy", "irodori_dummy.adapter_format:DummyFormat"),
        Component("prompt_check", "dummy", "irodori_dummy.prompt_check:WordCount"),
        Component("payment_provider", "dummy", "irodori_dummy.payment_provider:DummyPay"),
    ],
)
