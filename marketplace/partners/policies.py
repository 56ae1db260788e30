"""What a version's policy lets a partner license. Pure but for `policy_of`, which reads the version."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import StyleVersion
from marketplace.errors import NotAllowed
from marketplace.licences.policy import Policy
from marketplace.partners.territory import within

# What a grant may permit, by the names of the policy's own fields.
PERMISSIONS = ("commercial_use", "merging", "derivatives", "resale_through_partners", "training_on_outputs")


def policy_of(version: StyleVersion) -> Policy:
    """From the terms that its creator stated."""
    licence = LICENCES.get(version.licence)
    return Policy(
        commercial_use=licence is not None and licence.resale,
        credit_required=licence is None or licence.credit,
        merging=version.may_be_merged,
        derivatives=version.may_be_derived,
        resale_through_partners=version.may_be_resold,
        training_on_outputs=version.outputs_may_train,
    )


def permitted(policy: Policy) -> tuple[str, ...]:
    return tuple(name for name in PERMISSIONS if getattr(policy, name))


def is_for(policy: Policy, slug: str) -> bool:
    """Does the creator license to this organisation?"""
    return not policy.partners or slug in policy.partners


def refuse_what_the_policy_forbids(
    policy: Policy, *, slug: str, permissions: Sequence[str], territory: Sequence[str], today: date
) -> None:
    """Raises NotAllowed with the first thing that the creator does not license."""
    if not is_for(policy, slug):
        raise NotAllowed(_("Its creator licenses this version to other partners alone."), code="not_for_this_partner")
    if policy.expires is not None and today > policy.expires:
        raise NotAllowed(_("Its creator no longer licenses this version."), code="policy_expired")
    for name in permissions:
        if name not in permitted(policy):
            message = _("Its creator does not permit “%(name)s”. Leave it out, or choose another version.")
            raise NotAllowed(message % {"name": name}, code="permission_not_licensed", field="permissions")
    if not within(territory, policy.territory):
        message = _("Its creator licenses it in %(codes)s alone. Name some of these.")
        raise NotAllowed(
            message % {"codes": ", ".join(policy.territory)}, code="territory_not_licensed", field="territory"
        )


def as_json(policy: Policy) -> dict[str, Any]:
    return asdict(policy) | {"expires": policy.expires.isoformat() if policy.expires else None}


def digest(policy: Policy) -> str:
    """Equal for policies that license the same to the same; 64 characters."""
    told = {name: getattr(policy, name) for name in PERMISSIONS}
    told |= {"territory": sorted(policy.territory), "partners": sorted(policy.partners), "expires": str(policy.expires)}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
