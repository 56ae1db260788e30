"""Bases, styles, versions, and the terms that a style is published under."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from irodori_client.models.base import Model, Sent

VersionState = Literal["published", "withdrawn"]
Consent = Literal["own_work", "licensed", "open_licence", "public_domain", "none"]
ContributorKind = Literal["dataset", "library"]


class Example(Model):
    """`picture` is its address, or None until the hub has drawn it."""

    prompt: str
    picture: str | None


class Base(Model):
    """A base model to draw with. Sides are in pixels. `has_refiner`: does it take orders with `refiner_start`?"""

    slug: str
    title: str
    summary: str
    licence: str
    default_side: int
    min_side: int
    max_side: int
    default_steps: int
    default_guidance: float
    has_refiner: bool
    examples: tuple[Example, ...]


class Licence(Model):
    id: str
    title: str
    summary: str


class TrainingSource(Model):
    name: str
    consent: Consent | str
    url: str = ""


class Artist(Model):
    name: str
    consents: bool


class Opening(Model):
    """From when a release is for whom: `partners_and_api`, `members` (the creator's subscribers) or `everyone`."""

    channel: str
    opens_at: datetime


class Version(Model):
    """A style as it was published at one moment. Prices are per picture, in 1e-6 USD; shares in 1/10,000."""

    id: int
    number: int
    state: VersionState | str
    published_at: datetime
    base_model: str
    kind: str
    trigger_words: str
    sample_prompt: str
    cover: str | None
    examples: tuple[Example, ...]
    licence: Licence
    attribution: str
    credit: str
    price_micro: int
    download_price_micro: int | None
    members_from: datetime | None
    public_from: datetime | None
    channel: str
    channels: tuple[Opening, ...]
    creator_share_bp: int
    derivatives_share_bp: int
    parents: tuple[int, ...]
    training_sources: tuple[TrainingSource, ...]
    artists_imitated: tuple[Artist, ...]
    outputs_may_train: bool
    may_be_merged: bool
    may_be_derived: bool
    may_be_resold: bool
    commercial_use: bool
    credit_required: bool
    territory: tuple[str, ...]
    partners: tuple[str, ...]
    expires: date | None
    opt_outs: tuple[str, ...]


class Style(Model):
    slug: str
    title: str
    description: str
    creator: str
    creator_id: int
    created_at: datetime
    latest: Version


class StylePage(Style):
    """A style with all its versions."""

    versions: tuple[Version, ...]


class StatedSource(TrainingSource):
    model_config = ConfigDict(extra="forbid")


class StatedArtist(Artist):
    model_config = ConfigDict(extra="forbid")


class Earner(Model):
    """Who gets which part of each payment, in 1/10,000."""

    payee: str
    role: str
    share_bp: int


class Ancestor(Model):
    id: int
    style: str
    title: str
    number: int
    creator: str


class VersionPage(Version):
    """A version with who earns by it, and what it derives from, nearest first."""

    style: str
    earners: tuple[Earner, ...]
    lineage: tuple[Ancestor, ...]


class Contributor(Sent):
    """`payee` is a person's e-mail address, or a content library's slug; the share is taken from yours."""

    kind: ContributorKind | str
    payee: str
    share_bp: int


class Terms(Sent):
    """What a style is published under: the fields of POST /api/v1/versions, but for `upload`."""

    style: str | None = None
    title: str
    description: str = ""
    trigger_words: str = ""
    sample_prompt: str
    example_prompts: tuple[str, ...] = ()
    licence: str
    attribution: str = ""
    price_micro: int
    creator_share_bp: int
    download_price_micro: int | None = None
    api_first_days: int = 0
    early_access_days: int = 0
    organisation: str | None = None
    parents: tuple[int, ...] = ()
    derivatives_share_bp: int = 0
    contributors: tuple[Contributor, ...] = ()
    training_sources: tuple[StatedSource, ...]
    artists_imitated: tuple[StatedArtist, ...] = ()
    outputs_may_train: bool = False
    may_be_merged: bool = False
    may_be_derived: bool = False
    may_be_resold: bool = False
    commercial_use: bool = False
    credit_required: bool = False
    territory: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    expires: date | None = None
    opt_outs: tuple[str, ...] = ()


class Publication(Terms):
    """Terms for a ready upload."""

    upload: UUID
