"""A policy as names and plain values, for formats that have no words of their own for its clauses."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from marketplace.licences.policy import Policy
from marketplace.licences.rules import PERMISSIONS

LISTS = ("territory", "partners", "opt_outs")


class UnreadableLicenceError(ValueError):
    """Nothing that a policy could be read from; whoever reads it has no licence."""


def to_plain(policy: Policy) -> dict[str, Any]:
    """As JSON and YAML hold it."""
    fields = asdict(policy)
    return {
        **fields,
        **{name: list(fields[name]) for name in LISTS},
        "expires": None if policy.expires is None else policy.expires.isoformat(),
    }


def from_plain(fields: Mapping[str, Any]) -> Policy:
    """What is left out, or is not plainly a permission, is not granted. Raises UnreadableLicenceError for a limit that
    can't be read, since without it more would be granted."""
    return Policy(
        **{clause: fields.get(clause) is True for clause in PERMISSIONS},
        credit_required=fields.get("credit_required") is not False,
        territory=_names(fields.get("territory", ())),
        partners=_names(fields.get("partners", ())),
        expires=_day(fields.get("expires")),
        opt_outs=_names(fields.get("opt_outs", Policy.opt_outs)),
    )


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name for name in value):
        raise UnreadableLicenceError(f"{value!r} is no list of names.")
    return tuple(value)


def _day(value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UnreadableLicenceError(f"{value!r} is no day.") from error
