"""Refuses a prompt that holds a listed word."""

from hub.plugin_api import Names, Verdict, fold
from plugins.prompt_blocklist.plugin import BlocklistConfig


class BlocklistCheck:
    def __init__(self, config: BlocklistConfig) -> None:
        self.words = Names.of((word, fold(word)) for word in config.words)

    def check(self, prompt: str) -> Verdict:
        if self.words.found_in(prompt):
            return Verdict(allowed=False, reason="blocked_word")
        return Verdict(allowed=True)
