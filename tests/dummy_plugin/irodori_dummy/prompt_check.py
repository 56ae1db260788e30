"""Refuses prompts with too many words."""

from hub.plugin_api import Verdict
from irodori_dummy.plugin import DummyConfig


class WordCount:
    def __init__(self, config: DummyConfig) -> None:
        self.most = config.max_words

    def check(self, prompt: str) -> Verdict:
        if len(prompt.split()) > self.most:
            return Verdict(allowed=False, reason="too_many_words")
        return Verdict(allowed=True)
