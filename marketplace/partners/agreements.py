"""An agreement in the form that machines read: what this partner was granted, and no more than its creator's policy grants."""

from dataclasses import replace
from datetime import UTC
from typing import Any
from urllib.parse import urljoin

from marketplace.licences import odrl
from marketplace.licences.described import subject_of
from marketplace.licences.plain import from_plain
from marketplace.licences.policy import Policy
from marketplace.partners.models import Grant
from marketplace.partners.policies import NAMES


def granted(grant: Grant) -> Policy:
    """The creator's policy of that day, narrowed to what was agreed."""
    agreement = grant.agreement
    permissions: dict[str, Any] = {name: name in agreement.permissions for name in NAMES}
    return replace(
        from_plain(agreement.policy),
        **permissions,
        territory=tuple(agreement.territory),
        partners=(grant.partner.organisation.slug,),
        expires=agreement.ends_at.astimezone(UTC).date(),
    )


def as_odrl(grant: Grant, site: str) -> dict[str, Any]:
    """An ODRL 2.2 agreement. `site` is the hub's address, which ends with a slash."""
    agreement, organisation = grant.agreement, grant.partner.organisation
    return odrl.agreement(
        granted(grant),
        subject_of(agreement.version, site),
        uid=f"urn:uuid:{agreement.pk}",
        assignee=odrl.Party(urljoin(site, f"#organisation-{organisation.slug}"), organisation.name),
        issued=agreement.accepted_at.astimezone(UTC).date(),
    )
