"""What every process reads from the environment: broker, object store, plugins. `.env.example` lists it all."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.registry import Registry

DEFAULT_PLUGINS = (
    "sdxl",
    "upscale",
    "kohya_lora",
    "lycoris",
    "onetrainer_lora",
    "peft_lora",
    "diffusers_old_lora",
    "textual_inversion",
    "other_kinds",
    "sandbox_payments",
    "prompt_blocklist",
)


def split_names(value: object) -> object:
    """Read "a, b" from the environment as ("a", "b")."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_names)]


class HubConfig(BaseSettings):
    """Settings that the site and the workers share. Each is an environment variable with the prefix HUB_."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    data_dir: Path = Path("var")
    """What this machine keeps: SQLite's file, static files, cached packs, logs of the embedded stack."""
    broker_url: str = "redis://127.0.0.1:6399/0"
    """Redis (`redis://`) or RabbitMQ (`amqp://`). The default is the embedded broker's address."""
    s3_endpoint: str = "http://127.0.0.1:8333"
    """The object store as processes reach it."""
    s3_public_endpoint: str = ""
    """The store as browsers reach it, where that is another name; it is part of each signature."""
    s3_region: str = "us-east-1"
    """The store's region, as its signatures want it."""
    s3_bucket: str = "irodori"
    """The bucket that holds uploads, packs and images."""
    s3_access_key: str = "irodori"
    """A key of the store. Workers need only `sources/`, `packs/`, `inputs/` and `outputs/`."""
    s3_secret_key: str = "irodori-local-only"  # noqa: S105 - the embedded store's, on loopback; production sets its own
    """The secret that goes with the access key."""
    plugins: Names = DEFAULT_PLUGINS
    """The enabled plugins, comma-separated. Installed is not enabled; `irodori plugins` shows both."""
    optional: Names = ()
    """Plugins without which the hub may start when they can't be loaded."""
    plugin_config: dict[str, dict[str, Any]] = {}
    """JSON: a table of settings per plugin, such as `{"sdxl": {"base": "/models/sdxl"}}`."""
    device_hour_price: float = Field(default=0.0, ge=0)
    """What an hour of the accelerator costs you, for the cost of an image in metrics and at `/costs/`, in whatever currency for the metrics and in US dollars for the page. 0: not said."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""


@cache
def hub_config() -> HubConfig:
    return HubConfig()


@cache
def plugin_registry() -> Registry:
    """The enabled plugins of this process, discovered once. Raises PluginStartError."""
    config = hub_config()
    return Registry.discover(config.plugins, config.plugin_config, config.optional)
