"""From quote to grant: a price that holds, an agreement to the word, and in the same transaction its payment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.errors import Conflict, NotFound
from marketplace.generation.validation import engine_info
from marketplace.ledger import services as ledger
from marketplace.ledger.selectors import VERSION_SUBJECT
from marketplace.licences.plain import to_plain
from marketplace.licences.selectors import policy_of
from marketplace.orders import quotes
from marketplace.partners import announcements
from marketplace.partners.accounts import account_of, enrolled, partner_for
from marketplace.partners.issuing import issue_grant_receipt
from marketplace.partners.limits import refuse_beyond_the_cap, used
from marketplace.partners.locks import lock_version, locked
from marketplace.partners.models import Agreement, Grant, Partner
from marketplace.partners.policies import refuse_what_the_policy_forbids
from marketplace.partners.prices import unit_price
from marketplace.partners.refunds import SUBJECT, payment_key
from marketplace.partners.territory import within
from marketplace.partners.wanted import Wanted, check
from marketplace.payouts.parts import SplitLine, payee_lines, split_lines
from marketplace.payouts.plans import divide
from marketplace.payouts.selectors import names_of, version_plan

log = structlog.get_logger(__name__)

# A term of every new agreement: docs/decisions/0028-unused-images-are-paid-back.md says why.
REFUNDS_UNUSED = True


@dataclass(frozen=True)
class GrantQuote:
    """`token` makes it an agreement at this price until `expires_at`. `split` sums to `total_micro`, what is due at once."""

    wanted: Wanted
    version: StyleVersion
    unit_price_micro: int
    total_micro: int
    split: tuple[SplitLine, ...]
    token: str
    expires_at: datetime
    refunds_unused: bool = REFUNDS_UNUSED


def quote_grant(*, account: User, wanted: Wanted) -> GrantQuote:
    """Raises InvalidInput, NotAllowed, NotFound (the version), Conflict (a territory that was not agreed, a base that is not
    on offer) or Unavailable."""
    check(wanted)
    partner = partner_for(account)
    version = _licensable(partner, wanted)
    unit = unit_price(partner, version)
    total = unit * wanted.images if wanted.payment == Agreement.Payment.PREPAID else 0
    token = quotes.sign(quotes.Promise(account.pk, f"{SUBJECT}:{uuid4()}", _promised(wanted, unit, total)))
    parts = divide(total, version_plan(version))
    split = split_lines(parts, names_of(part for part, _amount in parts))
    return GrantQuote(wanted, version, unit, total, split, token.text, token.expires_at)


def accept(*, account: User, quote: str) -> Grant:
    """Agree to a quote: pay what is due at once, and hold the grant. The same quote again gives the same grant.

    Raises what quotes.read raises, NotAllowed, Conflict or Unavailable where it can't be licensed any more, Conflict at the
    spend cap, NotEnoughCredit; then nothing is written.
    """
    promise = quotes.read(quote, buyer_id=account.pk)
    number = _number(promise.item)
    wanted, unit, total = _read(promise.price)
    with transaction.atomic():
        lock_version(wanted.version_id)
        partner = locked(enrolled(account))
        if (made := Grant.objects.select_related("agreement", "partner").filter(agreement=number).first()) is not None:
            return made
        version = _licensable(partner, wanted)
        refuse_beyond_the_cap(partner, used(partner, timezone.now()), total)
        grant = _grant(number, partner, version, wanted, unit, total)
        _pay(grant)
        issue_grant_receipt(grant)
        announcements.grant_created(grant)
    log.info("grant.created", grant=str(grant.pk), partner=partner.organisation.slug, total_micro=total)
    return grant


def _licensable(partner: Partner, wanted: Wanted) -> StyleVersion:
    """The version, if this partner may license it so. Raises NotFound, NotAllowed, Conflict or Unavailable."""
    versions = StyleVersion.objects.select_related("style__creator", "plan", "pack__base_model")
    version = versions.filter(pk=wanted.version_id, state=StyleVersion.State.PUBLISHED).first()
    if version is None:
        raise NotFound(_("There is no such version to license."), code="version_not_licensable", field="version")
    _refuse_what_can_not_be_drawn(version.pack.base_model)
    if not within(wanted.territory, partner.territories):
        message = _("Your organisation may license for %(codes)s. Name some of these.")
        raise Conflict(
            message % {"codes": ", ".join(partner.territories)}, code="territory_not_agreed", field="territory"
        )
    refuse_what_the_policy_forbids(
        policy_of(version),
        slug=partner.organisation.slug,
        permissions=wanted.permissions,
        territory=wanted.territory,
        until=(timezone.now() + wanted.term).date(),
    )
    return version


def _refuse_what_can_not_be_drawn(base: BaseModel) -> None:
    """Nobody pays for a licence under which every order would be refused. Raises Conflict or Unavailable."""
    if not base.enabled:
        message = _("%(base)s, which this version was made for, is not on offer. Choose another version.")
        raise Conflict(message % {"base": base.title}, code="base_not_offered", field="version")
    engine_info(base)


def _grant(number: UUID, partner: Partner, version: StyleVersion, wanted: Wanted, unit: int, total: int) -> Grant:
    now = timezone.now()
    agreement = Agreement.objects.create(
        pk=number,
        partner=partner,
        version=version,
        permissions=list(wanted.permissions),
        territory=list(wanted.territory),
        policy=to_plain(policy_of(version)),
        payment=wanted.payment,
        images=wanted.images,
        unit_price_micro=unit,
        total_micro=total,
        refunds_unused=REFUNDS_UNUSED,
        starts_at=now,
        ends_at=now + wanted.term,
    )
    due = agreement.ends_at if agreement.is_prepaid and agreement.refunds_unused else None
    return Grant.objects.create(agreement=agreement, partner=partner, refund_due_at=due)


def _pay(grant: Grant) -> None:
    agreement = grant.agreement
    if not agreement.total_micro:
        return
    payees = payee_lines(
        agreement.total_micro,
        version_plan(agreement.version),
        sold=f"{VERSION_SUBJECT}{agreement.version_id}",
        currency=agreement.currency,
    )
    buyer_id = account_of(grant.partner).pk
    ledger.pay(key=payment_key(grant), buyer_id=buyer_id, payees=payees, currency=agreement.currency)


def _promised(wanted: Wanted, unit: int, total: int) -> dict[str, Any]:
    return {
        "v": wanted.version_id,
        "p": wanted.permissions,
        "t": wanted.territory,
        "d": wanted.days,
        "n": wanted.images,
        "m": wanted.payment,
        "unit": unit,
        "total": total,
    }


def _read(price: dict[str, Any]) -> tuple[Wanted, int, int]:
    wanted = Wanted(price["v"], tuple(price["p"]), tuple(price["t"]), price["d"], price["n"], price["m"])
    return wanted, price["unit"], price["total"]


def _number(item: str) -> UUID:
    subject, _separator, number = item.partition(":")
    if subject != SUBJECT:
        raise quotes.unknown()
    return UUID(number)
