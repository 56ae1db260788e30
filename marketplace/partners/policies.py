"""What a version's policy lets a partner license, asked of the rules that all uses are judged by. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from marketplace.errors import NotAllowed
from marketplace.licences.policy import WORLD, Policy
from marketplace.licences.rules import PERMISSIONS, Act, Clause, Use, evaluate
from marketplace.licences.words import CLAUSES

# What a grant may permit, by the clauses of a policy. To license at all is to use in business.
ACTS = MappingProxyType(
    {
        Clause.COMMERCIAL_USE: Act.LICENSE,
        Clause.MERGING: Act.COMBINE,
        Clause.DERIVATIVES: Act.DERIVE,
        Clause.RESALE: Act.RESELL,
        Clause.TRAINING: Act.TRAIN,
    }
)
NAMES = tuple(str(clause) for clause in PERMISSIONS)
CODES = MappingProxyType(
    {
        Clause.PARTNERS: "partner_not_licensed",
        Clause.TERRITORY: "territory_not_licensed",
        Clause.EXPIRES: "licence_expired",
    }
)
ALWAYS = date.min


def permitted(policy: Policy) -> tuple[str, ...]:
    """What some partner may license somewhere; nothing where it can't be licensed at all."""
    everywhere = replace(policy, territory=WORLD, partners=(), expires=None)
    given = [clause for clause in PERMISSIONS if evaluate(Use(act=ACTS[clause], on=ALWAYS), everywhere) is None]
    return tuple(map(str, given)) if Clause.COMMERCIAL_USE in given else ()


def refuse_what_the_policy_forbids(
    policy: Policy, *, slug: str, permissions: Sequence[str], territory: Sequence[str], until: date
) -> None:
    """Raises NotAllowed with the first clause that refuses; what is licensed ends with the policy's last day."""
    asked = [Act.LICENSE, *(ACTS[Clause(name)] for name in permissions)]
    for act in asked:
        for code in territory or (None,):
            denial = evaluate(Use(act=act, on=until, commercial=True, partner=slug, territory=code), policy)
            if denial is not None:
                raise _refusal(policy, denial.clause)


def digest(policy: Policy, base_id: int) -> str:
    """Equal for policies that license the same of one base to the same; 64 characters."""
    told = {
        "base": base_id,
        "permissions": permitted(policy),
        "territory": sorted(policy.territory),
        "partners": sorted(policy.partners),
        "expires": str(policy.expires),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _refusal(policy: Policy, clause: Clause) -> NotAllowed:
    if clause == Clause.EXPIRES and policy.expires is not None:
        message = _("Its creator licenses it until %(day)s. Choose a shorter term, or another version.")
        return NotAllowed(message % {"day": date_format(policy.expires)}, code=CODES[clause], field="days")
    if clause == Clause.TERRITORY:
        message = _("Its creator licenses it in %(codes)s alone. Name some of these.")
        return NotAllowed(message % {"codes": ", ".join(policy.territory)}, code=CODES[clause], field="territory")
    if clause == Clause.PARTNERS:
        return NotAllowed(_("Its creator licenses this version to other partners alone."), code=CODES[clause])
    message = _("Its creator does not license this: %(clause)s. Leave it out, or choose another version.")
    return NotAllowed(message % {"clause": CLAUSES[clause]}, code="permission_not_licensed", field="permissions")
