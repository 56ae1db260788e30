"""Code for receivers, as pages and documentation show it; tests run it as it stands."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "templates" / "webhooks" / "samples"


@dataclass(frozen=True)
class Sample:
    """`language` is a name for people, `code` the whole file."""

    language: str
    code: str


@cache
def samples() -> tuple[Sample, ...]:
    files = (("Python", "check.py"), ("JavaScript", "check.mjs"), ("curl", "send.sh"))
    return tuple(Sample(language, (FOLDER / name).read_text().strip()) for language, name in files)
