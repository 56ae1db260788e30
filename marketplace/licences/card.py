"""The model card of a version: YAML that model hubs read, then the licence in plain words."""

from types import MappingProxyType
from typing import Any

import yaml

from marketplace.licences.plain import UnreadableLicenceError, from_plain, to_plain
from marketplace.licences.policy import Policy
from marketplace.licences.subject import Subject
from marketplace.licences.words import Statement, statements

MEDIA_TYPE = "text/markdown"
FENCE = "---\n"
OURS = "irodori_policy"
# The identifiers of https://huggingface.co/docs/hub/repositories-licenses; a licence of our own is "other" there.
IDENTIFIERS = MappingProxyType(
    {"CC-BY-4.0": "cc-by-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "MIT": "mit", "CC0-1.0": "cc0-1.0"}
)
MARKS = MappingProxyType({True: "✓", False: "✗", None: "•"})


def model_card(policy: Policy, subject: Subject) -> str:
    front = yaml.safe_dump(_front_matter(policy, subject), allow_unicode=True, sort_keys=False)
    return f"{FENCE}{front}{FENCE}\n{_words(policy, subject)}"


def read_policy(card: str) -> Policy:
    """Raises UnreadableLicenceError for a card that holds no policy of ours."""
    _before, _fence, rest = card.partition(FENCE)
    front, fence, _words = rest.partition(f"\n{FENCE}")
    try:
        fields = yaml.safe_load(front) if fence else None
    except yaml.YAMLError as error:
        raise UnreadableLicenceError("The card's YAML can't be read.") from error
    stated = fields.get(OURS) if isinstance(fields, dict) else None
    if not isinstance(stated, dict):
        raise UnreadableLicenceError("The card states no policy.")
    return from_plain(stated)


def _front_matter(policy: Policy, subject: Subject) -> dict[str, Any]:
    identifier = IDENTIFIERS.get(subject.licence)
    named = {"license": identifier} if identifier else {"license": "other", "license_name": subject.licence}
    return {
        **named,
        "license_link": subject.page,
        "base_model": subject.base_model,
        "pipeline_tag": "text-to-image",
        "tags": [subject.kind.replace("_", "-"), "irodori"],
        **({"instance_prompt": subject.trigger_words} if subject.trigger_words else {}),
        OURS: to_plain(policy),
    }


def _words(policy: Policy, subject: Subject) -> str:
    lines = [
        f"# {subject.title}, version {subject.number}",
        "",
        f"By {subject.creator}: <{subject.target}>",
        "",
        *(_line(statement) for statement in statements(policy)),
        *(["", f"Credit line: {subject.credit}"] if subject.credit else []),
        "",
    ]
    return "\n".join(lines)


def _line(statement: Statement) -> str:
    detail = f": {statement.detail}" if statement.detail else ""
    return f"- {MARKS[statement.allowed]} {statement.title}{detail}"
