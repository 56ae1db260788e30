"""Scopes: what each is good for, which addresses ask for it, and what the roles of an organisation may do."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from docs.generate.tables import table
from marketplace.accounts.roles import MAY, RIGHTS, Role
from marketplace.accounts.scopes import MEANING
from marketplace.api.scopes import Needs, needs_of

INTRODUCTION = """# Scopes

[Use the API](../how-to/use-the-api.md) says how to get a key or a token. One that lacks a scope is refused with 403 and
`insufficient_scope`; the sentence and the header `WWW-Authenticate` name the scope.
"""
APIS = ("api/v1/", "v1/")
METHODS = ("get", "post", "put", "patch", "delete")


def page() -> str:
    return "\n".join(
        [
            INTRODUCTION,
            table(("scope", "good for"), [(f"`{scope}`", str(meaning)) for scope, meaning in MEANING.items()]),
            "## Addresses\n",
            table(("address", "method", "scope"), _addresses()),
            "## Roles in an organisation\n",
            "[Organisations](../how-to/organisations.md) says the rest.\n",
            table(("", *(str(role.label) for role in Role)), _rights()),
        ]
    )


def routes() -> list[tuple[str, Any]]:
    """Path and view class of every address of the APIs."""
    return [(path, view) for path, view in _below(get_resolver(), "") if path.startswith(APIS)]


def _below(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, getattr(pattern.callback, "cls", pattern.callback)
        else:
            yield from _below(pattern, path)


def _addresses() -> Iterator[tuple[str, str, str]]:
    """Those that are no regular expression, which stand for whatever has no address."""
    for path, view in routes():
        if "^" in path:
            continue
        shown = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{path}")
        for method in METHODS:
            if hasattr(view, method):
                yield f"`{shown}`", method.upper(), _words(needs_of(view), method.upper())


def _words(needs: Needs, method: str) -> str:
    if needs.people_only:
        return "people in a browser alone"
    scope = needs.of(method)
    return "none: anyone may" if scope is None else f"`{scope}`"


def _rights() -> Iterator[tuple[str, ...]]:
    for right, words in RIGHTS.items():
        yield (str(words), *("yes" if right in MAY[role] else "" for role in Role))
