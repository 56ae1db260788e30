"""What is bought besides new pictures, and what was paid for everything."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from irodori_client.models.base import Model, Sent
from irodori_client.models.generations import SplitLine

PurchaseKind = Literal["file", "subscription", "picture"]


class Wanted(Sent):
    """`item` is a version's id for its file, a creator's for a subscription, a listing's for a picture."""

    kind: PurchaseKind | str
    item: str


class PurchaseQuote(Model):
    """`quote` buys it at this price, once."""

    kind: PurchaseKind | str
    title: str
    total_micro: int
    split: tuple[SplitLine, ...]
    quote: str
    expires_at: datetime


class Bought(Sent):
    quote: str


class Purchase(Model):
    """`file` is where it is downloaded; None for a subscription or a refund."""

    id: UUID
    kind: PurchaseKind | str
    version: int | None
    creator: int | None
    listing: UUID | None
    price_micro: int
    currency: str
    created_at: datetime
    refunded_at: datetime | None
    file: str | None


class Movement(Model):
    """A movement of your wallet, below zero for what left it. `transaction` is what proofs name it by."""

    transaction: UUID
    at: datetime
    kind: str
    amount_micro: int
    generation: UUID | None
    prompt: str
    receipt: UUID | None


class ReceiptLine(Model):
    what: str
    detail: str
    amount_micro: int


class Returned(Model):
    at: datetime
    amount_micro: int


class Receipt(Model):
    """Of a top-up or a picture: what was paid, who got it, and what was given back."""

    number: UUID
    at: datetime
    buyer: str
    email: str
    lines: tuple[ReceiptLine, ...]
    total_micro: int
    currency: str
    split: tuple[SplitLine, ...]
    returned: tuple[Returned, ...]
    generation: UUID | None
    prompt: str


class OwnTopUp(Model):
    id: UUID
    state: Literal["pending", "paid", "disputed", "charged_back"] | str
    amount_micro: int
    currency: str
    provider: str
    created_at: datetime
    paid_at: datetime | None


class Organisation(Model):
    """One that you are a member of."""

    slug: str
    name: str


class Account(Model):
    id: int
    email: str
    display_name: str
    organisations: tuple[Organisation, ...]
