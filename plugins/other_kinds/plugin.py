"""The manifest of a format that serves nothing: it names what a file is, so that its creator reads why it is refused."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="other_kinds",
    summary="Names files that are no adapter the hub serves: Control-LoRAs.",
    components=[Component("adapter_format", "other_kinds", "plugins.other_kinds.format:OtherKindsFormat")],
)
