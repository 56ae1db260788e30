"""The lines of a file of prompts, each with the picture that it becomes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from irodori_client.errors import UsageError


@dataclass(frozen=True)
class Line:
    """`number` is the line's in the file, which names the picture."""

    number: int
    prompt: str


def lines_of(prompts: Path) -> Iterator[Line]:
    """Raises UsageError for a file that is no text."""
    try:
        text = prompts.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{prompts} can't be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        prompt = line.strip()
        if prompt and not prompt.startswith("#"):
            yield Line(number, prompt)


def picture_of(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.png"
