"""A policy as ODRL 2.2 in JSON-LD: https://www.w3.org/TR/odrl-model/, with a profile for what ODRL has no word for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from marketplace.licences.policy import Policy
from marketplace.licences.rules import PERMISSIONS, Clause, is_reserved
from marketplace.licences.subject import Subject

MEDIA_TYPE = "application/ld+json"
PROFILE = "urn:irodori:licence:"
TDM_PROFILE = "http://www.w3.org/ns/tdmrep"
CONTEXT: list[Any] = [
    "http://www.w3.org/ns/odrl.jsonld",
    {
        # W3C's own context has no term for it, though the model demands one.
        "uid": {"@id": "odrl:uid", "@type": "@id"},
        "cc": "http://creativecommons.org/ns#",
        "irodori": PROFILE,
        "tdm": f"{TDM_PROFILE}/",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
    },
]
GENERATE = "irodori:generate"
LICENSE = "grantUse"
SELL = "sell"
ACTION_OF = MappingProxyType(
    {
        Clause.COMMERCIAL_USE: "cc:CommercialUse",
        Clause.MERGING: "irodori:combine",
        Clause.DERIVATIVES: "derive",
        Clause.RESALE: SELL,
        Clause.TRAINING: "irodori:train",
    }
)
MINE = "tdm:mine"
DAY = "xsd:date"
COUNTRY = "irodori:iso-3166-1-alpha-2"
PARTNER = "irodori:partner"


@dataclass(frozen=True)
class Party:
    uid: str
    name: str


def offer(policy: Policy, subject: Subject) -> dict[str, Any]:
    """What the creator offers to everyone."""
    return _document("Offer", subject.uid, policy, subject)


def agreement(policy: Policy, subject: Subject, *, uid: str, assignee: Party, issued: date) -> dict[str, Any]:
    """What one party was granted on a day."""
    return {
        **_document("Agreement", uid, policy, subject),
        "assignee": _party(assignee),
        "dct:issued": {"@type": DAY, "@value": issued.isoformat()},
    }


def tdm_policy(policy: Policy, subject: Subject) -> dict[str, Any]:
    """TDMRep's own profile of ODRL: may be mined, or after consent alone. https://www.w3.org/community/reports/tdmrep/"""
    rule: dict[str, Any] = {"target": subject.target, "action": MINE}
    if is_reserved(policy):
        rule["duty"] = [{"action": "obtainConsent"}]
    return _head("Offer", f"{subject.uid}.tdmrep", TDM_PROFILE, subject) | {"permission": [rule]}


def action_of_opt_out(name: str) -> str:
    return MINE if name == "data_mining" else f"irodori:{name}"


def _document(kind: str, uid: str, policy: Policy, subject: Subject) -> dict[str, Any]:
    return {
        **_head(kind, uid, PROFILE, subject),
        "conflict": "prohibit",
        "permission": [_rule(subject, action, policy) for action in _permitted(policy)],
        "prohibition": [{"target": subject.target, **rule} for rule in _prohibited(policy)],
    }


def _head(kind: str, uid: str, profile: str, subject: Subject) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "@type": kind,
        "@id": uid,
        "uid": uid,
        "profile": profile,
        "assigner": _party(Party(subject.assigner, subject.creator)),
    }


def _party(party: Party) -> dict[str, Any]:
    return {"@type": "Party", "@id": party.uid, "uid": party.uid, "vcard:fn": party.name}


def _rule(subject: Subject, action: str, policy: Policy) -> dict[str, Any]:
    rule: dict[str, Any] = {"target": subject.target, "action": action}
    if policy.expires is not None:
        day = {"@type": DAY, "@value": policy.expires.isoformat()}
        rule["constraint"] = [{"leftOperand": "dateTime", "operator": "lteq", "rightOperand": day}]
    if policy.credit_required and action == GENERATE:
        rule["duty"] = [{"action": "attribute", "attributedParty": subject.assigner}]
    return rule


def _permitted(policy: Policy) -> Iterator[str]:
    yield GENERATE
    if policy.commercial_use:
        yield LICENSE
    yield from (ACTION_OF[clause] for clause in PERMISSIONS if getattr(policy, clause))


def _prohibited(policy: Policy) -> Iterator[dict[str, Any]]:
    if not policy.commercial_use:
        yield {"action": LICENSE}
    yield from ({"action": ACTION_OF[clause]} for clause in PERMISSIONS if not getattr(policy, clause))
    for operand, kind, names in (("spatial", COUNTRY, policy.territory), ("recipient", PARTNER, policy.partners)):
        if names:
            outside = _outside(operand, kind, names)
            yield from ({"action": action, "constraint": [outside]} for action in (LICENSE, SELL))
    yield from ({"action": action_of_opt_out(name)} for name in policy.opt_outs)


def _outside(operand: str, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = [{"@type": kind, "@value": name} for name in names]
    return {"leftOperand": operand, "operator": "isNoneOf", "rightOperand": values}
