"""A policy as RSL 1.0 (https://rslstandard.org/rsl), which crawlers read. What RSL has no word for stands in an element of
our own namespace beside it; of both, the more restrictive one holds."""

from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from marketplace.licences.plain import to_plain
from marketplace.licences.policy import Policy
from marketplace.licences.rules import may_train
from marketplace.licences.subject import Subject

MEDIA_TYPE = "application/rsl+xml"
RSL = "https://rslstandard.org/rsl"
OURS = "urn:irodori:licence:"
# RSL's word for each opt-out; it has one alone for training of every kind.
TOKEN_OF = MappingProxyType(
    {
        "ai_training": "ai-train",
        "ai_generative_training": "ai-train",
        "data_mining": "ai-index",
        "ai_inference": "ai-input",
    }
)
MICRO = 1_000_000
register_namespace("", RSL)
register_namespace("irodori", OURS)


def rsl_document(policy: Policy, subject: Subject) -> bytes:
    root = Element(_rsl("rsl"))
    content = SubElement(root, _rsl("content"), url=subject.target)
    licence = SubElement(content, _rsl("license"))
    for kind, name, tokens in _terms(policy):
        if tokens:
            SubElement(licence, _rsl(kind), type=name).text = " ".join(tokens)
    _payment(licence, subject, credit_required=policy.credit_required)
    SubElement(licence, f"{{{OURS}}}policy", attributes_of(policy))
    SubElement(content, _rsl("terms")).text = subject.page
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def site_document(url: str) -> bytes:
    """What holds for pages that state no licence of their own: they may be found by searching, and nothing else."""
    root = Element(_rsl("rsl"))
    licence = SubElement(SubElement(root, _rsl("content"), url=url), _rsl("license"))
    SubElement(licence, _rsl("permits"), type="usage").text = "search"
    SubElement(licence, _rsl("prohibits"), type="usage").text = "ai-all"
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def attributes_of(policy: Policy) -> dict[str, str]:
    """Lists with spaces between the names; what is None is left out."""
    return {name: _text(value) for name, value in to_plain(policy).items() if value is not None}


def _terms(policy: Policy) -> Iterator[tuple[str, str, list[str]]]:
    ruled_out = {TOKEN_OF.get(name, "ai-train") for name in policy.opt_outs}
    ruled_out |= set() if may_train(policy) else {"ai-train"}
    yield "permits", "usage", ["search", *(["ai-train"] if may_train(policy) else [])]
    yield "prohibits", "usage", sorted(ruled_out)
    yield "permits", "user", ["personal", *(["commercial"] if policy.commercial_use else [])]
    yield "prohibits", "user", [] if policy.commercial_use else ["commercial"]
    yield "permits", "geo", list(policy.territory)


def _payment(licence: Element, subject: Subject, *, credit_required: bool) -> None:
    if subject.price_micro:
        payment = SubElement(licence, _rsl("payment"), type="use")
        amount = SubElement(payment, _rsl("amount"), currency="USD")
        amount.text = f"{Decimal(subject.price_micro) / MICRO:f}"
    else:
        SubElement(licence, _rsl("payment"), type="attribution" if credit_required else "free")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, list) else str(value)


def _rsl(name: str) -> str:
    return f"{{{RSL}}}{name}"
