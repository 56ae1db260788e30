"""Which file is generated from what."""

from pathlib import Path

from docs.generate import (
    api,
    client_commands,
    commands,
    errors,
    messages,
    metrics,
    openai,
    plugins,
    scopes,
    settings,
    stability,
    webhooks,
)

ROOT = Path(__file__).resolve().parents[2]
NOTE = "<!-- Written by `make docs` from the code. Change it there. -->\n\n"


def pages() -> dict[str, str]:
    """Path from the repository's root -> the whole file."""
    written = {
        "settings": settings.page(),
        "commands": commands.page(),
        "client-commands": client_commands.page(),
        "plugins": plugins.page(),
        "messages": messages.page(),
        "metrics": metrics.page(),
        "errors": errors.page(ROOT),
        "api": api.page(),
        "stability": stability.page(),
        "scopes": scopes.page(),
        "webhooks": webhooks.page(),
        "openai": openai.page(),
    }
    return {
        **{f"docs/reference/{name}.md": NOTE + text.rstrip() + "\n" for name, text in written.items()},
        ".env.example": settings.example(),
    }
