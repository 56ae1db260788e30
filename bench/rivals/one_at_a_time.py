"""A server as one is usually written: all adapters loaded, one request after another, each with its own `set_adapters`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.rivals import computing, diffusers_lora


class OneAtATime:
    def __init__(self, base: Path, adapters: dict[str, Path]) -> None:
        self.pipe: Any = diffusers_lora.pipeline(base, adapters)

    def answer(self, styles: Sequence[str], **wanted: Any) -> bytes:
        """A PNG. `wanted` is what the pipeline takes, and a seed."""
        if styles:
            self.pipe.set_adapters(list(styles), [1.0 / len(styles)] * len(styles))
        else:
            self.pipe.disable_lora()
        return computing.picture(self.pipe, **wanted)
