"""What licensing announces to partners, and of a takedown to the creator too."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.events import D, EventData, Kind, announce
from marketplace.partners.accounts import account_of
from marketplace.partners.models import Grant, Partner, PartnerStatement, Receipt, Takedown


class GrantCreated(EventData):
    grant: UUID
    """The grant, as `GET /api/v1/partner/grants/{id}` names it."""
    version: int
    """The version that it licenses."""
    ends_at: datetime
    """When it ends by itself."""


class GrantRevoked(EventData):
    grant: UUID
    """The grant."""
    reason: str
    """A sentence for people."""
    refunded_micro: int
    """What was prepaid for images never made and is back in the wallet, in 1e-6 of the currency."""


class GrantRefunded(EventData):
    grant: UUID
    """The grant."""
    refunded_micro: int
    """What was prepaid for images never made and is back in the wallet, in 1e-6 of the currency."""


class GrantUsedUp(EventData):
    grant: UUID
    """The grant."""


class ReceiptIssued(EventData):
    receipt: UUID
    """The receipt's own id."""
    generation: UUID
    """The image; `GET /api/v1/generations/{id}/receipt` has the receipt."""


class TakedownPublished(EventData):
    takedown: UUID
    """The notice, as the signed list of revocations names it."""
    version: int
    """The version that had to go."""
    reason: str
    """A sentence for people."""


class StatementReady(EventData):
    month: str
    """Such as `2026-11`; `GET /api/v1/partner/statements/{month}.csv` has it."""
    paid_micro: int
    """What was paid in it, in 1e-6 of the currency."""


class QuotaReached(EventData):
    span: Literal["day", "month"]
    """What the quota is for."""
    images: int
    """How many it allows."""


ID = UUID("0f1d6a0c-7a53-4c55-8f0e-5b1b8f6f7c11")
REASON = "Trained on pictures without consent."
GRANT_CREATED = Kind(
    "grant.created",
    _("A quote was accepted: its grant can be used."),
    GrantCreated,
    GrantCreated(grant=ID, version=12, ends_at=datetime.fromisoformat("2027-11-30T12:00:00+00:00")),
)
GRANT_REVOKED = Kind(
    "grant.revoked",
    _("A grant ended before its time. Images made before stay licensed."),
    GrantRevoked,
    GrantRevoked(grant=ID, reason=REASON, refunded_micro=90_000),
)
GRANT_REFUNDED = Kind(
    "grant.refunded",
    _("What was prepaid for images never made under a grant that is over is back in the wallet."),
    GrantRefunded,
    GrantRefunded(grant=ID, refunded_micro=90_000),
)
GRANT_USED_UP = Kind("grant.used_up", _("The last image of a grant was ordered."), GrantUsedUp, GrantUsedUp(grant=ID))
RECEIPT_ISSUED = Kind(
    "receipt.issued",
    _("An image under a grant was delivered, and its signed receipt is there."),
    ReceiptIssued,
    ReceiptIssued(receipt=ID, generation=ID),
)
TAKEDOWN_PUBLISHED = Kind(
    "takedown.published",
    _("A version that you hold a grant for, or made, had to go."),
    TakedownPublished,
    TakedownPublished(takedown=ID, version=12, reason=REASON),
)
STATEMENT_READY = Kind(
    "statement.ready",
    _("A month is over and its statement can be fetched."),
    StatementReady,
    StatementReady(month="2026-11", paid_micro=1_250_000),
)
QUOTA_REACHED = Kind(
    "quota.reached",
    _("The last image of a day's or month's quota was ordered."),
    QuotaReached,
    QuotaReached(span="day", images=1_000),
)
KINDS = (
    GRANT_CREATED,
    GRANT_REVOKED,
    GRANT_REFUNDED,
    GRANT_USED_UP,
    RECEIPT_ISSUED,
    TAKEDOWN_PUBLISHED,
    STATEMENT_READY,
    QUOTA_REACHED,
)


def grant_created(grant: Grant) -> None:
    agreement = grant.agreement
    data = GrantCreated(grant=grant.pk, version=agreement.version_id, ends_at=agreement.ends_at)
    _tell(grant.partner, GRANT_CREATED, data)


def grant_revoked(grant: Grant) -> None:
    data = GrantRevoked(grant=grant.pk, reason=grant.revoked_reason, refunded_micro=grant.refunded_micro)
    _tell(grant.partner, GRANT_REVOKED, data)


def grant_refunded(grant: Grant) -> None:
    _tell(grant.partner, GRANT_REFUNDED, GrantRefunded(grant=grant.pk, refunded_micro=grant.refunded_micro))


def grant_used_up(grant: Grant) -> None:
    _tell(grant.partner, GRANT_USED_UP, GrantUsedUp(grant=grant.pk))


def receipt_issued(image_receipt: Receipt, partner: Partner) -> None:
    assert image_receipt.image_id is not None  # noqa: S101 - narrows the type: a grant's own is issued with it
    _tell(partner, RECEIPT_ISSUED, ReceiptIssued(receipt=image_receipt.pk, generation=image_receipt.image_id))


def takedown_published(takedown: Takedown, account_id: int) -> None:
    data = TakedownPublished(takedown=takedown.pk, version=takedown.version_id, reason=takedown.reason)
    announce(TAKEDOWN_PUBLISHED.event(account_id, data))


def statement_ready(statement: PartnerStatement) -> None:
    data = StatementReady(month=statement.month, paid_micro=statement.paid_micro)
    _tell(statement.partner, STATEMENT_READY, data)


def quota_reached(partner: Partner, span: Literal["day", "month"], images: int) -> None:
    _tell(partner, QUOTA_REACHED, QuotaReached(span=span, images=images))


def _tell(partner: Partner, kind: Kind[D], data: D) -> None:
    announce(kind.event(account_of(partner).pk, data))
