import pytest

from hub.plugin_api import PromptCheck, Verdict
from hub.testing.prompt_check_contract import PromptCheckContract
from plugins.prompt_blocklist.check import BlocklistCheck
from plugins.prompt_blocklist.plugin import BlocklistConfig


class TestBlocklist(PromptCheckContract):
    allowed = "a classic harbour"
    refused = "a FORBIDDEN harbour"

    def check(self) -> PromptCheck:
        return BlocklistCheck(BlocklistConfig(words=("forbidden", "two words", "ass", "禁止")))

    @pytest.mark.parametrize("prompt", ["two-words", "ｆｏｒｂｉｄｄｅｎ", "Fórbidden!", "絵は禁止です"])
    def test_spelling_does_not_hide_a_word(self, prompt: str) -> None:
        assert self.check().check(prompt) == Verdict(allowed=False, reason="blocked_word")


def test_an_empty_list_allows_everything() -> None:
    assert BlocklistCheck(BlocklistConfig(words=("", "..."))).check("anything at all") == Verdict(allowed=True)
