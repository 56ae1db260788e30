"""Reads what trainers write into a file, as suggestions for the publishing form.

Only the fields below are kept: the rest (ss_dataset_dirs, ss_tag_frequency, ss_sd_model_name...) tells folder names,
captions and paths of the creator's own machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_TITLE = 80
LONGEST_WORDS = 300


@dataclass(frozen=True)
class FileSummary:
    """Empty or None where the file says nothing; all of it is the creator's own claim."""

    title: str = ""
    trigger_words: str = ""
    base_version: str = ""
    network_dim: int | None = None
    network_alpha: float | None = None
    steps: int | None = None


def summarise(metadata: Mapping[str, str]) -> FileSummary:
    alpha = _number(metadata.get("ss_network_alpha", ""))
    return FileSummary(
        title=_title(metadata.get("modelspec.title") or metadata.get("ss_output_name", "")),
        trigger_words=_line(metadata.get("modelspec.trigger_phrase", ""))[:LONGEST_WORDS],
        base_version=_line(next(iter(bases_named(metadata)), ""))[:LONGEST_TITLE],
        network_dim=_whole(metadata.get("ss_network_dim", "")),
        network_alpha=alpha,
        steps=_whole(metadata.get("ss_steps", "")),
    )


def with_words(summary: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The summary with words that the style reads as something of its own among its trigger words."""
    said = summary.get("trigger_words", "")
    known = said.lower().replace(",", " ").split()
    missing = [word for word in words if word.lower() not in known]
    return {**summary, "trigger_words": ", ".join([*([said] if said else []), *missing])[:LONGEST_WORDS]}


def bases_named(metadata: Mapping[str, str]) -> list[str]:
    """Every base that the file says it was trained on: trainers write it in two places, which may disagree."""
    named = (metadata.get("modelspec.architecture"), metadata.get("ss_base_model_version"))
    return [base for base in named if base]


def declared_body_sha256(metadata: Mapping[str, str]) -> str:
    """The SHA-256 of the tensor bytes that modelspec declares, in lower-case hex, or ""."""
    return metadata.get("modelspec.hash_sha256", "").strip().lower().removeprefix("0x")


def _title(text: str) -> str:
    """One line without a path: some trainers write the output's full path as its name."""
    return _line(text.replace("\\", "/").rsplit("/", 1)[-1])[:LONGEST_TITLE]


def _line(text: str) -> str:
    return " ".join(text.split())


def _whole(text: str) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number.is_integer() else None


def _number(text: str) -> float | None:
    """A plain number below a billion; anything else ("None", "Dynamic", "nan") is no number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
