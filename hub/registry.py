"""Finds installed plugins, keeps the enabled ones, and imports components on first use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pkgutil import resolve_name
from threading import RLock
from typing import Any, TypeVar, cast

import structlog
from pydantic import BaseModel

from hub.plugin_api import OUTPUT_GATES, Component, ExtensionPoint, Plugin, PluginError, PluginUnavailableError

log = structlog.get_logger(__name__)

GROUP = "irodori.plugins"
API_VERSION = 1
T = TypeVar("T")


class PluginStartError(PluginError):
    """The hub can't start as configured; the text says which plugin and what to do."""


@dataclass
class Registry:
    """The enabled plugins of this process."""

    plugins: dict[str, Plugin] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    _configs: dict[str, BaseModel] = field(default_factory=dict)
    _instances: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    @classmethod
    def discover(
        cls,
        enabled: Sequence[str],
        config: Mapping[str, Mapping[str, Any]],
        optional: Sequence[str] = (),
    ) -> "Registry":
        """Load the manifests named in `enabled`.

        Raises PluginStartError for a plugin that can't be loaded, unless `optional` names it: then the reason is
        kept in `failures`.
        """
        registry = cls()
        installed = installed_plugins()
        for name in enabled:
            try:
                registry.add(_manifest(installed, name), config.get(name, {}))
            except Exception as error:  # noqa: BLE001 - a plugin's import may raise anything; this is the boundary
                _refuse_or_note(registry, name, error, optional)
        return registry

    def add(self, plugin: Plugin, config: Mapping[str, Any]) -> None:
        """Enable one plugin. Raises PluginStartError for another API version or an id that is taken."""
        if plugin.api_version != API_VERSION:
            raise PluginStartError(
                f"it is made for plugin API {plugin.api_version}, this hub speaks {API_VERSION}; install a matching release"
            )
        taken = {(c.point, c.id): p.name for p, c in self._all()}
        for component in plugin.components:
            if owner := taken.get((component.point, component.id)):
                raise PluginStartError(
                    f"the {component.point} id {component.id!r} is already provided by {owner!r}; enable only one of them"
                )
        self._configs[plugin.name] = plugin.config.model_validate(config)
        self.plugins[plugin.name] = plugin

    def ids(self, point: ExtensionPoint[Any]) -> list[str]:
        """List what is available without importing it: the site can show engines without torch."""
        return [component.id for _, component in self._all() if component.point == point.name]

    def info(self, point: ExtensionPoint[Any], component_id: str) -> Any:
        """What the manifest says of a component, without importing it."""
        return self._find(point, component_id)[1].info

    def get(self, point: ExtensionPoint[T], component_id: str) -> T:
        """The component, built once per process with its plugin's config."""
        plugin, component = self._find(point, component_id)
        key = (component.point, component.id)
        with self._lock:
            if key not in self._instances:
                self._instances[key] = resolve_name(component.target)(self._configs[plugin.name])
            return cast("T", self._instances[key])

    def every(self, point: ExtensionPoint[T]) -> Iterator[tuple[str, T]]:
        """Each enabled component of a point, with its id."""
        for component_id in self.ids(point):
            yield component_id, self.get(point, component_id)

    @property
    def gates_output(self) -> bool:
        """Must pictures pass something before anybody sees them?"""
        return any(component.point in OUTPUT_GATES for _, component in self._all())

    def _find(self, point: ExtensionPoint[Any], component_id: str) -> tuple[Plugin, Component]:
        for plugin, component in self._all():
            if (component.point, component.id) == (point.name, component_id):
                return plugin, component
        raise PluginUnavailableError(
            f"No {point.name} called {component_id!r} is enabled; add its plugin to HUB_PLUGINS."
        )

    def _all(self) -> list[tuple[Plugin, Component]]:
        return [(plugin, component) for plugin in self.plugins.values() for component in plugin.components]


def installed_plugins() -> dict[str, EntryPoint]:
    """Every plugin that is installed, enabled or not."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _manifest(installed: Mapping[str, EntryPoint], name: str) -> Plugin:
    if name not in installed:
        raise PluginStartError(f"it is not installed; installed are: {', '.join(sorted(installed)) or 'none'}")
    return cast("Plugin", installed[name].load())


def _refuse_or_note(registry: Registry, name: str, error: Exception, optional: Sequence[str]) -> None:
    reason = str(error) if isinstance(error, PluginStartError) else f"{type(error).__name__}: {error}"
    if name not in optional:
        raise PluginStartError(
            f"Plugin {name!r} is named in HUB_PLUGINS but can't be used: {reason}. "
            f"Mend it, take it out of HUB_PLUGINS, or name it in HUB_OPTIONAL to start without it."
        ) from error
    log.warning("plugin.skipped", plugin=name, reason=reason)
    registry.failures[name] = reason
