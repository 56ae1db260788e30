"""What a plugin author imports; stable, and free of Django, Celery and torch."""

from hub.plugin_api.adapter_format import ADAPTER_FORMAT, AdapterFormat, ModelLayout, Shape
from hub.plugin_api.adapter_plan import (
    FACTORS_OF,
    AdapterPlan,
    AddedTarget,
    EmbeddingTarget,
    Factor,
    FactoredTarget,
    FactorRule,
    LowRankTarget,
    ScaledTarget,
    WeightTarget,
    joined,
)
from hub.plugin_api.engine import (
    ENGINE,
    Engine,
    EngineInfo,
    Generation,
    LocalJob,
    LocalPack,
    OneShotEngine,
    Preview,
    Run,
)
from hub.plugin_api.errors import (
    EngineFullError,
    JobRefusedError,
    PluginError,
    PluginUnavailableError,
    UnsupportedFileError,
)
from hub.plugin_api.manifest import OUTPUT_GATES, Component, ExtensionPoint, NoConfig, OnError, Plugin
from hub.plugin_api.payment_provider import (
    PAYMENT_PROVIDER,
    Checkout,
    CheckoutRequest,
    PaymentEvent,
    PaymentProvider,
)
from hub.plugin_api.prompt_check import PROMPT_CHECK, PromptCheck, Verdict
from hub.plugin_api.report import EngineReport, Tally, Tier
from hub.plugin_api.text import FoldedText, fold
from hub.plugin_api.trouble import Trouble, trouble

__all__ = [
    "ADAPTER_FORMAT",
    "ENGINE",
    "FACTORS_OF",
    "OUTPUT_GATES",
    "PAYMENT_PROVIDER",
    "PROMPT_CHECK",
    "AdapterFormat",
    "AdapterPlan",
    "AddedTarget",
    "Checkout",
    "CheckoutRequest",
    "Component",
    "EmbeddingTarget",
    "Engine",
    "EngineFullError",
    "EngineInfo",
    "EngineReport",
    "ExtensionPoint",
    "Factor",
    "FactorRule",
    "FactoredTarget",
    "FoldedText",
    "Generation",
    "JobRefusedError",
    "LocalJob",
    "LocalPack",
    "LowRankTarget",
    "ModelLayout",
    "NoConfig",
    "OnError",
    "OneShotEngine",
    "PaymentEvent",
    "PaymentProvider",
    "Plugin",
    "PluginError",
    "PluginUnavailableError",
    "Preview",
    "PromptCheck",
    "Run",
    "ScaledTarget",
    "Shape",
    "Tally",
    "Tier",
    "Trouble",
    "UnsupportedFileError",
    "Verdict",
    "WeightTarget",
    "fold",
    "joined",
    "trouble",
]
