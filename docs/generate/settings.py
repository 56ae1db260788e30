"""Settings: one row per environment variable, from the classes that read them."""

import json
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from docs.generate.tables import one_line, table
from hub.config import HubConfig
from hub.settings.site import SiteConfig
from serving.config import ServingConfig

CLASSES: dict[str, type[BaseSettings]] = {
    "Every process": HubConfig,
    "Site and site worker": SiteConfig,
    "Serving and convert workers": ServingConfig,
}
# Read by tests alone, where `make test-services` runs.
TEST_SETTINGS = (
    (
        "HUB_TEST_DATABASE_URL",
        "postgres://postgres@127.0.0.1:5432/irodori",
        "PostgreSQL; a `test_` database is made beside it.",
    ),
    ("HUB_TEST_REDIS_URL", "redis://127.0.0.1:6379/15", "Redis; the tests empty the queues that they use."),
    ("HUB_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//", "RabbitMQ; likewise."),
)
INTRODUCTION = """# Settings

Every setting is an environment variable. There is no settings file: put them where your process manager keeps
environments. `irodori doctor` says which of them name something that does not answer. On a laptop none is needed, since
`irodori up` sets what its own parts need.
"""


def page() -> str:
    parts = [INTRODUCTION]
    for heading, settings in CLASSES.items():
        rows = [(f"`{name}`", _shown(default), meaning) for name, default, meaning in _settings(settings)]
        parts += [f"## {heading}\n", table(("variable", "default", "meaning"), rows)]
    parts += [
        "## Tests\n",
        table(("variable", "default", "meaning"), [(f"`{n}`", f"`{d}`", m) for n, d, m in TEST_SETTINGS]),
    ]
    parts.append(
        "Torch's threads are set by its own `OMP_NUM_THREADS`. Set `OMP_WAIT_POLICY=PASSIVE` on small busy machines."
    )
    return "\n".join(parts)


def example() -> str:
    """A file to start from, with every setting at its default."""
    lines = ["# Every setting at its default. docs/reference/settings.md says more. Written by `make docs`.", ""]
    for heading, settings in CLASSES.items():
        lines += [f"# --- {heading} ---", ""]
        for name, default, meaning in _settings(settings):
            lines += [f"# {meaning}", f"#{name}={default}", ""]
    return "\n".join(lines)


def _settings(settings: type[BaseSettings]) -> list[tuple[str, str, str]]:
    """Name, default as the environment would hold it, meaning; inherited ones are listed with their own class."""
    own = [name for name in settings.model_fields if name in settings.__annotations__]
    return [
        (
            f"HUB_{name.upper()}",
            _written(settings.model_fields[name].default),
            one_line(settings.model_fields[name].description),
        )
        for name in own
    ]


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if not isinstance(value, Path) else value.as_posix()


def _shown(default: str) -> str:
    return f"`{default}`" if default else "empty"
