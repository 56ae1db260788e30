"""A view's one line about scopes, `scopes = needs(...)`, which marketplace.api.permissions holds every token to.

A view that says nothing asks for everything: what is forgotten is closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from marketplace.accounts.scopes import Scope


@dataclass(frozen=True)
class Needs:
    """`every` holds for methods that `by_method` does not name. Without a scope anybody may, or people alone."""

    every: Scope | None = None
    by_method: Mapping[str, Scope] = field(default_factory=dict)
    people_only: bool = False

    def of(self, method: str) -> Scope | None:
        return self.by_method.get("GET" if method == "HEAD" else method, self.every)


def needs(every: Scope | None = None, **by_method: Scope) -> Needs:
    """`needs(Scope.GENERATE)`, or `needs(get=Scope.IMAGES_READ, post=Scope.GENERATE)`."""
    return Needs(every, {method.upper(): scope for method, scope in by_method.items()})


ANYONE = Needs()
# What keys must not do: make further keys.
PEOPLE_ONLY = Needs(people_only=True)
UNDECLARED = Needs(Scope.EVERYTHING)


def needs_of(view: object) -> Needs:
    declared = getattr(view, "scopes", UNDECLARED)
    assert isinstance(declared, Needs)  # noqa: S101 - narrows the type
    return declared
