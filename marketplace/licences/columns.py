"""A policy as columns, so that the database can look for what is permitted. The columns are the policy: there is no copy."""

from types import MappingProxyType
from typing import Any

from django.db import models

from marketplace.licences.policy import Policy

COMMA = ","
# Where a column's name is older than the policy's.
COLUMN_OF = MappingProxyType(
    {
        "commercial_use": "commercial_use",
        "credit_required": "credit_required",
        "merging": "may_be_merged",
        "derivatives": "may_be_derived",
        "resale_through_partners": "may_be_resold",
        "training_on_outputs": "outputs_may_train",
        "territory": "territory",
        "partners": "partners",
        "expires": "expires",
        "opt_outs": "opt_outs",
    }
)


class Names(models.TextField):  # type: ignore[type-arg]  # generic in the stubs alone
    """Short names (codes, slugs), none of which holds a comma, kept as ",DE,JP," so that `contains=",JP,"` finds one."""

    # What mypy's plugin for Django reads.
    _pyi_private_set_type: tuple[str, ...]  # type: ignore[assignment]  # a text in the database alone
    _pyi_private_get_type: tuple[str, ...]  # type: ignore[assignment]  # as above

    def from_db_value(self, value: str | None, *_ignored: object) -> tuple[str, ...] | None:
        return None if value is None else _split(value)

    def to_python(self, value: Any) -> Any:
        return _split(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return f"{COMMA}{COMMA.join(value)}{COMMA}" if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))


class Licensed(models.Model):
    """Something that a policy is about, frozen with it. Restrictive by default, as Policy is."""

    commercial_use = models.BooleanField(default=False)
    credit_required = models.BooleanField(default=True)
    may_be_merged = models.BooleanField(default=False)
    may_be_derived = models.BooleanField(default=False)
    may_be_resold = models.BooleanField(default=False)
    outputs_may_train = models.BooleanField(default=False)
    territory = Names(blank=True, default=Policy.territory)
    partners = Names(blank=True, default=Policy.partners)
    expires = models.DateField(null=True, blank=True)
    opt_outs = Names(blank=True, default=Policy.opt_outs)

    class Meta:
        abstract = True

    @property
    def policy(self) -> Policy:
        return Policy(**{name: getattr(self, column) for name, column in COLUMN_OF.items()})


def columns_of(policy: Policy) -> dict[str, Any]:
    return {column: getattr(policy, name) for name, column in COLUMN_OF.items()}


def _split(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(COMMA) if name)
