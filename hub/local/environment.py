"""The settings that make every process of the embedded stack use its own parts and nothing else on the machine."""

import json
from collections.abc import Mapping
from typing import Any

from hub.local import shipped
from hub.local.folder import DataFolder
from hub.local.ports import HOST, Ports
from hub.local.secrets_file import Secrets

# The stack decides these, whatever the caller's environment says.
REPLACED = (
    "HUB_ALLOWED_HOSTS",
    "HUB_BROKER_URL",
    "HUB_DATABASE_URL",
    "HUB_S3_BUCKET",
    "HUB_S3_ENDPOINT",
    "HUB_S3_PUBLIC_ENDPOINT",
    "HUB_S3_REGION",
)


def stack_environment(caller: Mapping[str, str], folder: DataFolder, ports: Ports, keys: Secrets) -> dict[str, str]:
    """The environment of the stack's processes: the caller's, with the stack's own parts in the place of any other."""
    # With Django's variable set, Celery would load the whole ORM into the serving worker.
    inherited = {name: value for name, value in caller.items() if name not in (*REPLACED, "DJANGO_SETTINGS_MODULE")}
    return {
        # Two torch threads that wait by spinning make each other many times slower on a busy small machine.
        "OMP_WAIT_POLICY": "PASSIVE",
        # Not into the log: a mail holds an address and a link that acts in its reader's name.
        "HUB_EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "HUB_METRICS_PORT": str(ports.metrics),
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "HUB_DATA_DIR": str(folder.root),
        "HUB_URL": f"http://{HOST}:{ports.site}",
        "HUB_BROKER_URL": f"redis://{HOST}:{ports.broker}/0",
        "HUB_S3_ENDPOINT": f"http://{HOST}:{ports.s3}",
        "HUB_S3_ACCESS_KEY": keys.s3_access_key,
        "HUB_S3_SECRET_KEY": keys.s3_secret_key,
        "HUB_SECRET_KEY": keys.secret_key,
        "HUB_PLUGIN_CONFIG": json.dumps(_plugin_config(caller.get("HUB_PLUGIN_CONFIG", ""), keys)),
    }


def uses_shipped_base(env: Mapping[str, str]) -> bool:
    """False where the caller named a base of their own."""
    base: object = _given(env["HUB_PLUGIN_CONFIG"])["sdxl"]["base"]
    return base == str(shipped.BASE)


def replaced_settings(caller: Mapping[str, str]) -> list[str]:
    """Settings of the caller that the embedded stack does not follow."""
    return [name for name in REPLACED if caller.get(name)]


def _plugin_config(given: str, keys: Secrets) -> dict[str, dict[str, Any]]:
    """What the stack knows, under what the caller asked for."""
    known = {
        "sdxl": {"base": str(shipped.BASE), "base_model": shipped.BASE_MODEL},
        "upscale": {"weights": str(shipped.UPSCALER)},
        "sandbox_payments": {"webhook_secret": keys.webhook_secret},
    }
    asked = _given(given)
    return {name: {**known.get(name, {}), **asked.get(name, {})} for name in {**known, **asked}}


def _given(text: str) -> dict[str, dict[str, Any]]:
    value = json.loads(text) if text.strip() else {}
    return value if isinstance(value, dict) else {}
