"""Reads a policy out of an ODRL offer or agreement. What is not understood restricts: it never grants."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from marketplace.licences.odrl import (
    ACTION_OF,
    COUNTRY,
    DAY,
    GENERATE,
    LICENSE,
    MINE,
    PARTNER,
    SELL,
)
from marketplace.licences.plain import UnreadableLicenceError
from marketplace.licences.policy import Policy
from marketplace.licences.rules import Clause

Rule = dict[str, Any]
UNDERSTOOD = {"@type", "uid", "target", "action", "assigner", "assignee", "constraint", "duty"}
OUR_PREFIX = "irodori:"
# Limits on these say for which partners and countries it is licensed.
LIMITED = (LICENSE, SELL)
KNOWN_LIMITS = (("spatial", {COUNTRY}), ("recipient", {PARTNER}))


def read_policy(document: object) -> Policy:
    """Raises UnreadableLicenceError for one that permits nobody to generate, or prohibits what no policy can hold."""
    permissions, prohibitions = list(_rules(document, "permission")), list(_rules(document, "prohibition"))
    permitted = {rule["action"]: rule for rule in permissions if _is_understood(rule)}
    forbidden = [rule["action"] for rule in prohibitions if _limit_of(rule) is None]
    granted = permitted.keys() - set(forbidden)
    if GENERATE not in granted:
        raise UnreadableLicenceError("This permits nobody to make pictures.")
    return Policy(
        **{clause: action in granted for clause, action in ACTION_OF.items() if clause != Clause.COMMERCIAL_USE},
        commercial_use={ACTION_OF[Clause.COMMERCIAL_USE], LICENSE} <= granted,
        credit_required=any("duty" in rule for rule in permitted.values()),
        territory=_names(prohibitions, "spatial", COUNTRY),
        partners=_names(prohibitions, "recipient", PARTNER),
        expires=min(filter(None, map(_last_day, permitted.values())), default=None),
        opt_outs=tuple(dict.fromkeys(_opt_outs(forbidden))),
    )


def _rules(document: object, kind: str) -> Iterator[Rule]:
    rules = document.get(kind, []) if isinstance(document, dict) else []
    for rule in rules if isinstance(rules, list) else [rules]:
        if not isinstance(rule, dict) or not isinstance(rule.get("action"), str):
            raise UnreadableLicenceError(f"A {kind} here names no action.")
        yield rule


def _is_understood(rule: Rule) -> bool:
    """Every condition of the permission is one that a policy holds."""
    days = [_day(constraint) for constraint in _listed(rule, "constraint")]
    duties = [isinstance(duty, dict) and duty.get("action") == "attribute" for duty in _listed(rule, "duty")]
    return rule.keys() <= UNDERSTOOD and None not in days and all(duties)


def _last_day(rule: Rule) -> date | None:
    return min((day for constraint in _listed(rule, "constraint") if (day := _day(constraint))), default=None)


def _day(constraint: object) -> date | None:
    match constraint:
        case {"leftOperand": "dateTime", "operator": "lteq", "rightOperand": {"@type": kind, "@value": str(day)}}:
            if kind != DAY:
                return None
            try:
                return date.fromisoformat(day)
            except ValueError:
                return None
    return None


def _limit_of(rule: Rule) -> tuple[str, str, list[str]] | None:
    """Operand, kind and names of a prohibition that holds outside of these alone; any other holds everywhere."""
    match rule.get("constraint"):
        case [{"leftOperand": str(operand), "operator": "isNoneOf", "rightOperand": [_, *_] as values}]:
            names = [(value.get("@type"), value.get("@value")) for value in values if isinstance(value, dict)]
            kinds = {kind for kind, _name in names}
            if rule["action"] in LIMITED and (operand, kinds) in KNOWN_LIMITS and len(names) == len(values):
                return operand, str(kinds.pop()), [str(name) for _kind, name in names]
    return None


def _names(prohibitions: list[Rule], operand: str, kind: str) -> tuple[str, ...]:
    """The names that every limit of this kind leaves."""
    limits = [limit[2] for rule in prohibitions if (limit := _limit_of(rule)) and limit[:2] == (operand, kind)]
    left = [name for name in limits[0] if all(name in limit for limit in limits)] if limits else []
    if limits and not left:
        raise UnreadableLicenceError("No place or partner is left by all limits.")
    return tuple(left)


def _opt_outs(forbidden: list[str]) -> Iterator[str]:
    known = {LICENSE, GENERATE, *ACTION_OF.values()}
    for action in forbidden:
        if action in known:
            continue
        if action != MINE and not action.startswith(OUR_PREFIX):
            raise UnreadableLicenceError(f"It prohibits {action}, for which there is no clause.")
        yield "data_mining" if action == MINE else action.removeprefix(OUR_PREFIX)


def _listed(rule: Rule, name: str) -> list[Any]:
    value = rule.get(name, [])
    return value if isinstance(value, list) else [value]
