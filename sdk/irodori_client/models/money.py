"""Wallet and earnings. Amounts are whole micro-units: 1,000,000 is one unit of the currency, 10,000 one credit."""

from irodori_client.models.base import Model, Sent


class Wallet(Model):
    """`held_micro` is set aside for images that are not finished."""

    balance_micro: int
    held_micro: int
    currency: str


class TopUp(Sent):
    amount_micro: int


class Checkout(Model):
    """Open `url` in a browser to pay."""

    id: str
    url: str


class VersionEarnings(Model):
    version: int
    title: str
    number: int
    images: int
    amount_micro: int


class Earnings(Model):
    earnings_micro: int
    currency: str
    versions: tuple[VersionEarnings, ...]
