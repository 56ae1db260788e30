"""Reads a policy out of an RSL document. The more restrictive statement holds, and an unknown token restricts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import pycountry
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from marketplace.licences.plain import LISTS, UnreadableLicenceError, from_plain
from marketplace.licences.policy import Policy
from marketplace.licences.rsl import OURS, RSL, TOKEN_OF
from marketplace.licences.rules import may_train

ALL = {"all", "ai-all"}
TRAINS = {"ai-train", *ALL}
FLAGS = {"true": True, "false": False}


def read_policy(document: bytes) -> Policy:
    """Raises UnreadableLicenceError for what is no RSL, or grants different licences at once."""
    try:
        licences = fromstring(document).findall(f"{{{RSL}}}content/{{{RSL}}}license")
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadableLicenceError("This is no XML that can be read.") from error
    if len(licences) != 1:
        raise UnreadableLicenceError("An RSL document with one licence is wanted.")
    return _restricted(_stated_by_us(licences[0]), licences[0])


def _stated_by_us(licence: Element) -> Policy:
    """What RSL's own words can't grant: of a document that lacks our element, nothing but what is asked below."""
    ours = licence.find(f"{{{OURS}}}policy")
    if ours is None:
        return Policy(
            commercial_use="commercial" in _tokens(licence, "permits", "user"),
            training_on_outputs=bool(TRAINS & _tokens(licence, "permits", "usage")),
            territory=tuple(sorted(_tokens(licence, "permits", "geo"))),
            opt_outs=(),
        )
    fields: dict[str, Any] = {name: FLAGS.get(value, value) for name, value in ours.attrib.items()}
    return from_plain(fields | {name: ours.get(name, "").split() for name in LISTS})


def _restricted(policy: Policy, licence: Element) -> Policy:
    """The policy, less what RSL's words take back."""
    usage = _tokens(licence, "prohibits", "usage")
    users, no_users = _tokens(licence, "permits", "user"), _tokens(licence, "prohibits", "user")
    policy = replace(
        policy,
        commercial_use=policy.commercial_use and "commercial" not in no_users and (not users or "commercial" in users),
        territory=_territory(policy, licence),
        opt_outs=(*policy.opt_outs, *_further_opt_outs(policy, usage)),
    )
    permitted = _tokens(licence, "permits", "usage")
    if may_train(policy) and (usage & TRAINS or (permitted and not permitted & TRAINS)):
        return replace(policy, training_on_outputs=False)
    return policy


def _further_opt_outs(policy: Policy, prohibited: set[str]) -> Iterator[str]:
    """Of what is prohibited, that which the policy does not say in other words; an unknown token as it stands."""
    implied = {TOKEN_OF.get(name, "ai-train") for name in policy.opt_outs} | {"ai-train"}
    for token in sorted(prohibited - implied):
        yield from Policy.opt_outs if token in ALL else [_name_of(token)]


def _territory(policy: Policy, licence: Element) -> tuple[str, ...]:
    permitted, prohibited = _tokens(licence, "permits", "geo"), _tokens(licence, "prohibits", "geo")
    everywhere = [country.alpha_2 for country in pycountry.countries]
    if not (permitted or prohibited):
        return policy.territory
    left = [code for code in policy.territory or everywhere if code not in prohibited]
    left = [code for code in left if not permitted or code in permitted]
    if not left:
        raise UnreadableLicenceError("No country is left by all limits.")
    return tuple(left)


def _name_of(token: str) -> str:
    return next((name for name, known in TOKEN_OF.items() if known == token), token)


def _tokens(licence: Element, kind: str, name: str) -> set[str]:
    found = licence.findall(f"{{{RSL}}}{kind}[@type='{name}']")
    return {token for element in found for token in (element.text or "").split()}
