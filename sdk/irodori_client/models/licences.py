"""What a version's creator grants, as data."""

from datetime import date

from irodori_client.models.base import Model


class Policy(Model):
    """The clauses. Territory and partners are those that may license it; empty is all."""

    commercial_use: bool
    credit_required: bool
    merging: bool
    derivatives: bool
    resale_through_partners: bool
    training_on_outputs: bool
    territory: tuple[str, ...]
    partners: tuple[str, ...]
    expires: date | None
    opt_outs: tuple[str, ...]


class Statement(Model):
    """One clause in plain words; `allowed` is None for a condition."""

    clause: str
    allowed: bool | None
    title: str
    detail: str


class LicenceDocument(Model):
    """`licence` is the stated one, `page` where people read it."""

    licence: str
    policy: Policy
    words: tuple[Statement, ...]
    page: str
