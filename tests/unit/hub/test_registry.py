import pytest
from pydantic import BaseModel

from hub.plugin_api import ENGINE, Component, Plugin, PluginUnavailableError
from hub.registry import PluginStartError, Registry
from plugins.echo.engine import EchoEngine

ECHO = Component("engine", "echo", "plugins.echo.engine:EchoEngine")


def test_lists_and_builds_an_enabled_component_once() -> None:
    registry = Registry.discover(["echo"], {"echo": {"prefix": ">"}})
    first = registry.get(ENGINE, "echo")
    assert isinstance(first, EchoEngine)
    assert (registry.ids(ENGINE), first.config.prefix, registry.get(ENGINE, "echo") is first) == (
        ["echo"],
        ">",
        True,
    )


def test_an_installed_plugin_is_not_enabled_unless_named() -> None:
    with pytest.raises(PluginUnavailableError, match="No engine called 'echo' is enabled"):
        Registry.discover([], {}).get(ENGINE, "echo")


@pytest.mark.parametrize(
    ("enabled", "config", "reason"),
    [
        (["missing"], {}, "it is not installed"),
        (["echo"], {"echo": {"prefxi": "?"}}, "prefxi"),
    ],
)
def test_a_broken_plugin_stops_the_start_with_a_sentence(
    enabled: list[str], config: dict[str, dict[str, str]], reason: str
) -> None:
    with pytest.raises(PluginStartError, match=reason):
        Registry.discover(enabled, config)


def test_a_broken_plugin_named_optional_is_noted() -> None:
    registry = Registry.discover(["echo", "missing"], {}, optional=["missing"])
    assert list(registry.plugins) == ["echo"]
    assert "not installed" in registry.failures["missing"]


def test_two_plugins_may_not_provide_the_same_id() -> None:
    registry = Registry()
    registry.add(Plugin(name="one", summary="", components=[ECHO]), {})
    with pytest.raises(PluginStartError, match="already provided by 'one'"):
        registry.add(Plugin(name="two", summary="", components=[ECHO]), {})


def test_another_api_version_is_refused() -> None:
    with pytest.raises(PluginStartError, match="plugin API 9"):
        Registry().add(Plugin(name="new", summary="", components=[], api_version=9), {})


def test_a_component_receives_its_plugins_validated_config() -> None:
    class Config(BaseModel):
        size: int = 3

    registry = Registry()
    registry.add(
        Plugin(name="p", summary="", config=Config, components=[Component("engine", "e", "builtins:repr")]),
        {"size": "5"},
    )
    assert str(registry.get(ENGINE, "e")) == "Config(size=5)"
