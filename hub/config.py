"""What every process reads from the environment: broker, object store, plugins. `.env.example` lists it all."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.registry import Registry

DEFAULT_PLUGINS = ("sdxl", "kohya_lora", "peft_lora", "sandbox_payments", "prompt_blocklist")


def split_names(value: object) -> object:
    """Read "a, b" from the environment as ("a", "b")."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_names)]


class HubConfig(BaseSettings):
    """Settings that the site and the workers share. Each is an environment variable with the prefix HUB_."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    broker_url: str = "redis://127.0.0.1:6399/0"
    s3_endpoint: str = "http://127.0.0.1:8333"
    s3_public_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_bucket: str = "irodori"
    s3_access_key: str = "irodori"
    s3_secret_key: str = "irodori-local-only"  # noqa: S105 - the embedded store's, on loopback; production sets its own
    plugins: Names = DEFAULT_PLUGINS
    optional: Names = ()
    plugin_config: dict[str, dict[str, Any]] = {}
    log_level: str = "INFO"


@cache
def hub_config() -> HubConfig:
    return HubConfig()


@cache
def plugin_registry() -> Registry:
    """The enabled plugins of this process, discovered once. Raises PluginStartError."""
    config = hub_config()
    return Registry.discover(config.plugins, config.plugin_config, config.optional)
