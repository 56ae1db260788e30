"""The policies of what the catalogue offers, and which of it a use is permitted with."""

from functools import reduce
from itertools import permutations
from operator import and_

from django.db.models import Q

from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.licences.bases import policy_of_licence
from marketplace.licences.columns import COLUMN_OF, COMMA
from marketplace.licences.policy import Policy
from marketplace.licences.rules import AI_INPUT, FOR_GAIN, NEEDS, NOT_ABOUT_TRAINING, Act, Use

_ABOUT_OTHER_THINGS = [names for count in range(3) for names in permutations(sorted(NOT_ABOUT_TRAINING), count)]


def policy_of(version: StyleVersion) -> Policy:
    """What its creator granted when it was published. It never changes."""
    return version.policy


def policy_of_base(base: BaseModel) -> Policy:
    return policy_of_licence(base.licence)


def permitting(use: Use) -> Q:
    """The versions that rules.evaluate permits this use with, for the database to find."""
    conditions = [Q(expires__isnull=True) | Q(expires__gte=use.on)]
    if use.act in NEEDS:
        conditions.append(Q(**{COLUMN_OF[NEEDS[use.act]]: True}))
    if use.is_commercial:
        conditions.append(Q(commercial_use=True))
    if use.act == Act.TRAIN:
        conditions.append(Q(opt_outs__in=_ABOUT_OTHER_THINGS))
    if use.act == Act.INPUT:
        conditions.append(~Q(opt_outs__contains=f"{COMMA}{AI_INPUT}{COMMA}"))
    conditions += [_names(use, "partners", use.partner), _names(use, "territory", use.territory)]
    return reduce(and_, conditions)


def _names(use: Use, column: str, named: str | None) -> Q:
    if named is None:
        return Q(**{column: ""}) if use.act in FOR_GAIN else Q()
    return Q(**{column: ""}) | Q(**{f"{column}__contains": f"{COMMA}{named}{COMMA}"})
