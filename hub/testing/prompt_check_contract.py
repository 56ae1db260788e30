"""The rules every prompt check keeps, as tests that a plugin author inherits."""

from abc import ABC, abstractmethod

from hub.plugin_api import PromptCheck, Verdict

AWKWARD = ["", " ", "\x00", "a" * 10_000, "\u202e\u200b", "絵" * 2_000, "\ud7ff\U0010ffff", "%s {0} ${x}"]


class PromptCheckContract(ABC):
    """Subclass this, provide a check with a prompt it allows and one it refuses, and pytest runs the rules."""

    allowed: str
    refused: str

    @abstractmethod
    def check(self) -> PromptCheck: ...

    def test_allows_what_it_should(self) -> None:
        assert self.check().check(self.allowed) == Verdict(allowed=True)

    def test_a_refusal_carries_a_code(self) -> None:
        verdict = self.check().check(self.refused)
        assert not verdict.allowed
        assert verdict.reason.replace("_", "").isalnum()
        assert verdict.reason == verdict.reason.lower()

    def test_the_same_prompt_gets_the_same_verdict(self) -> None:
        check = self.check()
        assert [check.check(self.refused) for _ in range(3)] == [self.check().check(self.refused)] * 3

    def test_no_text_makes_it_crash(self) -> None:
        check = self.check()
        assert all(isinstance(check.check(text), Verdict) for text in AWKWARD)
