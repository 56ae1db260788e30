"""Prompt checks say whether a prompt may be used. One that crashes counts as a refusal."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from hub.plugin_api.manifest import ExtensionPoint, OnError


@dataclass(frozen=True)
class Verdict:
    """`reason` is a stable code for logs and appeals, never shown raw to the user."""

    allowed: bool
    reason: str = ""


class PromptCheck(Protocol):
    @abstractmethod
    def check(self, prompt: str) -> Verdict: ...


PROMPT_CHECK: ExtensionPoint[PromptCheck] = ExtensionPoint("prompt_check", on_error=OnError.BLOCK_CONTENT)
