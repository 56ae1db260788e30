"""How a plugin says what it provides, without importing any of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")
OUTPUT_GATES = frozenset({"output_check", "provenance"})
"""Points whose components must have seen a picture before anybody else does: where one is enabled, previews are withheld."""


class OnError(Enum):
    """What the core does when a component raises something unexpected."""

    FAIL_JOB = "fail_job"
    BLOCK_CONTENT = "block_content"
    REJECT_UPLOAD = "reject_upload"
    RETRY = "retry"


@dataclass(frozen=True)
class ExtensionPoint(Generic[T]):
    """A named slot that plugins fill with objects satisfying the protocol T."""

    name: str
    on_error: OnError


@dataclass(frozen=True)
class Component:
    """One thing a plugin provides.

    `target` is "package.module:Class", imported only when first used; it is called with the plugin's config.
    `info` is what the site may know without importing the target (an engine's `EngineInfo`).
    """

    point: str
    id: str
    target: str
    info: Any = None


class NoConfig(BaseModel, extra="forbid", frozen=True):
    """For plugins without settings."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """The manifest: what `irodori plugins` lists and the registry loads.

    `django_app` names a Django app for plugins that need tables or pages; its `urls` module, where there is one,
    is served below `/plugins/<name>/`.
    """

    name: str
    summary: str
    components: Sequence[Component]
    config: type[BaseModel] = NoConfig
    django_app: str | None = None
    api_version: int = 1
