"""Extension points from the plugin API, and the plugins that this distribution brings."""

import inspect
import typing
from collections.abc import Iterator
from importlib.metadata import entry_points

from docs.generate.tables import one_line, table
from hub import plugin_api
from hub.plugin_api import ExtensionPoint, OnError, Plugin
from hub.registry import GROUP

INTRODUCTION = """# Plugins

[Write a plugin](../how-to/write-a-plugin.md) shows how; this page lists what there is. Everything below is imported from
`hub.plugin_api`.
"""
ON_ERROR = {
    OnError.FAIL_JOB: "the job fails and the hold is voided",
    OnError.BLOCK_CONTENT: "counts as a refusal",
    OnError.REJECT_UPLOAD: "the upload is refused, with the reason",
    OnError.RETRY: "is tried again with the same key",
}


def page() -> str:
    return "\n".join([INTRODUCTION, *_points(), *_plugins()])


def extension_points() -> dict[str, tuple[ExtensionPoint[typing.Any], type]]:
    """Every point by its name, with the Protocol that its components satisfy."""
    found = {}
    for constant in plugin_api.__all__:
        point = getattr(plugin_api, constant)
        if isinstance(point, ExtensionPoint):
            protocol = getattr(plugin_api, "".join(part.title() for part in point.name.split("_")))
            found[point.name] = (point, protocol)
    return found


def _points() -> Iterator[str]:
    yield "## Extension points\n"
    for name, (point, protocol) in extension_points().items():
        yield f"### `{name}`\n"
        yield f"{one_line(inspect.getdoc(inspect.getmodule(protocol)))}\n"
        yield f"A component satisfies `{protocol.__name__}`. If one raises something unexpected: {ON_ERROR[point.on_error]}.\n"
        yield table(("member", "promise"), _members(protocol))


def _members(protocol: type) -> list[tuple[str, str]]:
    methods = [
        (name, member) for name, member in vars(protocol).items() if inspect.isfunction(member) and name[0] != "_"
    ]
    return [(f"`{name}{_signature(member)}`", one_line(inspect.getdoc(member))) for name, member in methods]


def _signature(member: typing.Callable[..., object]) -> str:
    text = str(inspect.signature(member)).replace("(self, ", "(").replace("(self)", "()")
    for prefix in (
        "hub.plugin_api.engine.",
        "hub.plugin_api.adapter_format.",
        "hub.plugin_api.adapter_plan.",
        "hub.plugin_api.payment_provider.",
        "hub.plugin_api.prompt_check.",
        "hub.jobs.",
        "hub.tensor_file.",
        "collections.abc.",
    ):
        text = text.replace(prefix, "")
    return text.replace("'", "")


def _plugins() -> Iterator[str]:
    yield "\n## Plugins in this distribution\n"
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if not entry.value.startswith("plugins."):
            continue  # Installed from elsewhere, on this machine only.
        plugin: Plugin = entry.load()
        provides = ", ".join(f"{component.point} `{component.id}`" for component in plugin.components)
        yield f"### `{plugin.name}`\n"
        yield f"{plugin.summary} Provides: {provides}.\n"
        if plugin.config.model_fields:
            yield f"{one_line(inspect.getdoc(plugin.config))}\n"
            rows = [(f"`{name}`", f"`{field.default!r}`") for name, field in plugin.config.model_fields.items()]
            yield table(("setting", "default"), rows)
