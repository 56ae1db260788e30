"""Settings that only the site and its worker read, from environment variables with the prefix HUB_."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.config import Names


class SiteConfig(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore")

    secret_key: str = "insecure-until-HUB_SECRET_KEY-is-set"  # noqa: S105 - check --deploy refuses it
    debug: bool = False
    url: str = "http://127.0.0.1:8000"
    allowed_hosts: Names = ("127.0.0.1", "localhost", "[::1]")
    database_url: str = ""
    email_verification: str = "optional"
    email_backend: str = "django.core.mail.backends.console.EmailBackend"
    static_backend: str = "whitenoise.storage.CompressedStaticFilesStorage"
    lease_seconds: int = 30
    max_attempts: int = 3


@cache
def site_config() -> SiteConfig:
    return SiteConfig()
