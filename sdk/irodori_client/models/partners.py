"""Licensing by organisations: what they may license, quotes, agreements, grants and reports."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from irodori_client.models.base import Model, Sent
from irodori_client.models.generations import SplitLine

Payment = Literal["prepaid", "per_image"]


class PartnerTerms(Model):
    """What staff agreed on with your organisation, and how much of it is used. None is no limit."""

    organisation: str
    territories: tuple[str, ...]
    price_bp: int
    images_per_day: int | None
    images_today: int
    images_per_month: int | None
    images_this_month: int
    spend_cap_micro: int | None
    spent_micro: int
    currency: str


class Licensable(Model):
    """A version that you may license, and what you pay per image."""

    version: int
    number: int
    slug: str
    title: str
    creator: str
    base_model: str
    licence: str
    permissions: tuple[str, ...]
    territory: tuple[str, ...]
    expires: date | None
    price_micro: int
    currency: str


class GrantWanted(Sent):
    """`territory` are country codes, empty for everywhere; `images` the most that may be made."""

    version: int
    permissions: tuple[str, ...]
    territory: tuple[str, ...] = ()
    days: int = 365
    images: int
    payment: Payment | str = "per_image"


class GrantQuote(Model):
    """`quote` accepts it until `expires_at`; `total_micro` is due then.

    `refunds_unused`: prepaid images that are never made are paid back when the grant ends by itself, too.
    """

    version: int
    title: str
    permissions: tuple[str, ...]
    territory: tuple[str, ...]
    days: int
    images: int
    payment: str
    unit_price_micro: int
    total_micro: int
    refunds_unused: bool
    split: tuple[SplitLine, ...]
    quote: str
    expires_at: datetime


class Acceptance(Sent):
    quote: str


class Agreement(Model):
    """`policy` is the creator's on the day you agreed."""

    id: UUID
    version: int
    title: str
    permissions: tuple[str, ...]
    territory: tuple[str, ...]
    policy: Any
    payment: Payment | str
    images: int
    unit_price_micro: int
    total_micro: int
    currency: str
    refunds_unused: bool
    starts_at: datetime
    ends_at: datetime
    accepted_at: datetime


class Grant(Model):
    """`state` is active, expired or revoked."""

    id: UUID
    state: str
    images_used: int
    created_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    refunded_micro: int
    agreement: Agreement


class GrantUsage(Model):
    grant: UUID
    version: int
    title: str
    images: int
    paid_micro: int


class Usage(Model):
    """Images that were delivered from `first` to `last`, each counted once."""

    first: date
    last: date
    grants: tuple[GrantUsage, ...]
    images: int
    paid_micro: int
    prepaid_micro: int


class PartnerStatement(Model):
    month: str
    lines: int
    paid_micro: int
    closing_micro: int
    made_at: datetime
