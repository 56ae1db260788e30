"""The first programs that the portal shows. They are whole files, and the tests run what the page shows of them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

FOLDER = Path(__file__).parent / "templates" / "quick_starts"
LANGUAGES = (("curl", "sh"), ("Python", "python"), ("JavaScript", "mjs"))


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str

    @property
    def id(self) -> str:
        return self.language.lower()


@dataclass(frozen=True)
class QuickStart:
    """`environment` is what the shell has to be told first."""

    id: str
    title: str
    text: str
    environment: str
    snippets: tuple[Snippet, ...]


def quick_starts(site_url: str) -> list[QuickStart]:
    return [
        QuickStart(
            "generate",
            _("Order a picture"),
            _("With an API key that has the scopes generate and images:read."),
            f"export HUB={site_url} KEY=irk_...",
            snippets("generate"),
        ),
        QuickStart(
            "token",
            _("Sign in as an OAuth client"),
            _(
                "For programs of an organisation that already speak OAuth 2: their secret stays between them and one address."
            ),
            f"export HUB={site_url} CLIENT_ID=irc_... CLIENT_SECRET=irs_...",
            snippets("token"),
        ),
    ]


@cache
def snippets(name: str) -> tuple[Snippet, ...]:
    return tuple(Snippet(language, (FOLDER / f"{name}.{ending}").read_text().strip()) for language, ending in LANGUAGES)
