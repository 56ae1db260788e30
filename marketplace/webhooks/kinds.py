"""All kinds of events, collected from the apps that announce them."""

from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from marketplace.events import Kind

MODULE = "announcements"
# Sent by the tester alone, to whom asks for it; nobody subscribes to it.
TEST = "webhook.test"


class UnknownKindError(Exception):
    """A mistake of ours: something is announced that no app lists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No app lists the kind “{name}”. Add it to KINDS in the announcements.py of the app.")


@cache
def kinds() -> dict[str, Kind[Any]]:
    """Every kind by its name, in the order of names. Raises ValueError where two have one name."""
    found: dict[str, Kind[Any]] = {}
    for kind in _listed():
        if kind.name in found:
            raise ValueError(f"The kind “{kind.name}” is listed twice.")
        found[kind.name] = kind
    return dict(sorted(found.items()))


def subscribable() -> dict[str, Kind[Any]]:
    return {name: kind for name, kind in kinds().items() if name != TEST}


def kind_of(name: str) -> Kind[Any]:
    """Raises UnknownKindError."""
    try:
        return kinds()[name]
    except KeyError:
        raise UnknownKindError(name) from None


def _listed() -> list[Kind[Any]]:
    listed: list[Kind[Any]] = []
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, MODULE):
            listed += getattr(import_module(f"{app.name}.{MODULE}"), "KINDS", ())
    return listed
