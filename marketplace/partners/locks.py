"""Rows locked in one order wherever several are: a version, then partners by their numbers, then (in the ledger) wallets.

Who accepts a quote, who orders, who revokes and who withdraws then wait for each other, and never in a circle.
"""

from django.db.models import QuerySet

from marketplace.catalogue.models import StyleVersion
from marketplace.partners.accounts import refuse_suspended
from marketplace.partners.models import Partner


def locked(partner: Partner) -> Partner:
    """Its newest row, to itself until the transaction ends: whatever counts against a limit does so one by one.

    Raises NotAllowed for one that staff suspended meanwhile.
    """
    fresh = _locked_partners().get(pk=partner.pk)
    refuse_suspended(fresh)
    return fresh


def lock_version(version_id: int) -> None:
    """Nobody withdraws it, or agrees on it, until the transaction ends."""
    list(StyleVersion.objects.select_for_update(no_key=True).filter(pk=version_id).values_list("pk"))


def lock_holders(version: StyleVersion) -> None:
    """Every partner that has a grant for it."""
    holders = Partner.objects.filter(grants__agreement__version=version).values("pk")
    list(_locked_partners().filter(pk__in=holders).order_by("pk"))


def _locked_partners() -> QuerySet[Partner]:
    return Partner.objects.select_for_update(of=("self",)).select_related("organisation")
