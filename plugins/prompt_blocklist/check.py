"""Refuses a prompt that holds a listed word."""

from hub.plugin_api import FoldedText, Verdict, fold
from plugins.prompt_blocklist.plugin import BlocklistConfig


class BlocklistCheck:
    def __init__(self, config: BlocklistConfig) -> None:
        self.words = [folded for word in config.words if (folded := fold(word))]

    def check(self, prompt: str) -> Verdict:
        text = FoldedText.of(prompt)
        if any(text.holds(word) for word in self.words):
            return Verdict(allowed=False, reason="blocked_word")
        return Verdict(allowed=True)
