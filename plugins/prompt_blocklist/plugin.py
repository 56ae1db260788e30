"""The manifest of a check that refuses prompts holding a listed word."""

from pydantic import BaseModel

from hub.plugin_api import Component, Plugin


class BlocklistConfig(BaseModel, extra="forbid", frozen=True):
    """`words` are compared after Unicode folding, as whole words where the script has them."""

    words: tuple[str, ...] = ()


plugin = Plugin(
    name="prompt_blocklist",
    summary="Refuses prompts that hold a word of the operator's list.",
    config=BlocklistConfig,
    components=[Component("prompt_check", "blocklist", "plugins.prompt_blocklist.check:BlocklistCheck")],
)
