"""Settings that only the site and its worker read, from environment variables with the prefix HUB_."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.config import Names

# What programs ask for that are written for OpenAI's API.
OPENAI_NAMES = (
    *(
        "chatgpt-image-latest",
        "dall-e-2",
        "dall-e-3",
        "gpt-image-1",
        "gpt-image-1-mini",
        "gpt-image-1.5",
        "gpt-image-2",
    ),
    *("gpt-image-2.5-flare", "gpt-image-2.5-sunburst", "gpt-image-2.6-flare", "gpt-image-2.6-sunburst"),
)
# As the library `limits` reads them.
LIMIT = r"^$|^\s*[1-9]\d*\s*/\s*([1-9]\d*\s*)?(second|minute|hour|day)s?\s*$"


class SiteConfig(BaseSettings):
    """Settings of the site and the site worker. Each is an environment variable with the prefix HUB_."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    secret_key: str = "insecure-until-HUB_SECRET_KEY-is-set"  # noqa: S105 - check --deploy refuses it
    """Signs sessions, forms, access tokens and invitations: a long random string of your own, the same on every site machine."""
    debug: bool = False
    """Django's debug pages. Never where others can reach the site."""
    url: str = "http://127.0.0.1:8000"
    """The address that people use, and the issuer in the OAuth metadata; https makes cookies secure."""
    allowed_hosts: Names = ("127.0.0.1", "localhost", "[::1]")
    """Host names that the site answers to, comma-separated."""
    database_url: str = ""
    """`postgres://user:password@host/name`. Empty: an SQLite file in the data folder."""
    database_prepare: bool = True
    """Have PostgreSQL prepare what is asked often. `false` behind a pooler that knows no prepared statements, as PgBouncer before 1.21."""
    email_verification: str = "optional"
    """`mandatory`, `optional` or `none`: must a new address be confirmed?"""
    email_backend: str = "django.core.mail.backends.console.EmailBackend"
    """How mail leaves: a Django e-mail backend. The default prints it; `irodori up` writes it to `mail/` in its data folder."""
    email_from: str = "Irodori <no-reply@localhost>"
    """The sender of every mail."""
    site_threads: int = Field(default=32, ge=1)
    """Threads of a site process, each with a database connection of its own. Who waits for a picture holds none."""
    static_backend: str = "whitenoise.storage.CompressedStaticFilesStorage"
    """How static files are stored: a Django storage."""
    lease_seconds: int = 30
    """How long a worker may be silent before its generation is given to another. Workers report every 5 s."""
    cache_url: str = ""
    """Redis for the previews of pictures in progress, which it keeps for a minute. Empty: the broker, where that is Redis; else none are shown."""
    api_limit_person: str = Field(default="1200/minute", pattern=LIMIT)
    """How many requests to the API a person or an organisation may send, as `NUMBER/minute`, `NUMBER/10 seconds` and the like. Empty: any number."""
    api_limit_key: str = Field(default="900/minute", pattern=LIMIT)
    """The same for each single API key, so that one program leaves something to the others."""
    api_limit_address: str = Field(default="300/minute", pattern=LIMIT)
    """The same for each network address, for requests without a key and for keys that are wrong."""
    idempotency_days: int = Field(default=30, ge=1)
    """How many days answers to requests with an `Idempotency-Key` are kept; after that, the same key is a new request."""
    proxies: int = Field(default=0, ge=0)
    """How many proxies of yours stand before the site and add to `X-Forwarded-For`. 0: whoever connects is the caller."""
    max_attempts: int = 3
    """Attempts before a generation fails and its hold is voided."""
    stability_engines: dict[str, str] = {
        "stable-diffusion-xl-1024-v1-0": "irodori-small",
        "esrgan-v1-x2plus": "irodori-x2",
    }
    """JSON: further ids of engines at `/v1/`, for programs that name Stability's own, and which engine of this hub answers."""
    batch_in_flight: int = Field(default=8, ge=1)
    """Images of batches that are with the workers of one engine at a time; others wait behind these alone. Twice what they draw at once."""
    longest_wait_seconds: float = 120.0
    """The longest `Prefer: wait` at `/api/v1/` that is granted. Less than your proxy waits."""
    openai_model: str = ""
    """The model that answers requests to `/v1/images/` which name none. Empty: the base that was set up first."""
    openai_models: dict[str, str] = dict.fromkeys(OPENAI_NAMES, "irodori-small")
    """JSON: further ids of models at `/v1/models`, for programs that name OpenAI's own, and which model of this hub answers."""
    stability_wait_seconds: float = 240.0
    """How long a request to `/v1/` waits for its pictures before it cancels them. Less than your proxy waits."""
    energy_price: float = Field(default=0.0, ge=0)
    """What a kilowatt-hour costs you in US dollars, for `/costs/`, where HUB_DEVICE_HOUR_PRICE does not hold it already. 0: not said."""
    holdback_days: int = 7
    """Days after a payment until its payees can have it: a buyer's bank may call a payment back."""
    ledger_key_file: str = ""
    """The private key that signs the ledger's blocks, a PEM file. Empty: `ledger-key.pem` in the data folder."""
    ledger_public_keys: Names = ()
    """Public keys that signed earlier blocks, comma-separated, as `irodori ledger key` prints them. Keep them after a change."""
    webhook_local_hosts: Names = ()
    """For development: `host:port` pairs, comma-separated, to which webhooks may go by http and at addresses of your own network."""
    receipt_key_file: str = ""
    """The private key that signs licence receipts, a PEM file of its own. Empty: `receipt-key.pem` in the data folder."""
    receipt_public_keys: Names = ()
    """Public keys that signed earlier receipts, comma-separated, as `irodori ledger key` prints them. Keep them for good."""
    webhook_senders: int = Field(default=16, ge=1, le=256)
    """Webhooks that one site worker sends at a time; each may wait 20 s for a slow receiver."""


@cache
def site_config() -> SiteConfig:
    return SiteConfig()
