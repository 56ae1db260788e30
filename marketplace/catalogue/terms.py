"""What a creator states when publishing, and its limits. The rules it has to keep are in term_rules.py."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MAX_PRICE_MICRO = 100_000_000  # 100 USD
MAX_DOWNLOAD_PRICE_MICRO = 10_000_000_000  # 10,000 USD
MAX_EARLY_ACCESS_DAYS = 90
MAX_CREATOR_SHARE_BP = 9_000  # the platform keeps a tenth at least
MAX_SOURCES = 50
MAX_ARTISTS = 20
MAX_EXAMPLES = 6  # beside the cover
MAX_CONTRIBUTORS = 20
MAX_PARENTS = 10
MAX_PARTNERS = 100
MAX_DERIVATIVES_SHARE_BP = 5_000  # what the shares of all parents together are capped at, too


class Consent(StrEnum):
    """On what ground a training source was used."""

    OWN_WORK = "own_work"
    LICENSED = "licensed"
    OPEN_LICENCE = "open_licence"
    PUBLIC_DOMAIN = "public_domain"
    NONE = "none"


@dataclass(frozen=True)
class TrainingSource:
    """Pictures the style learnt from; `url` may be empty."""

    name: str
    consent: Consent
    url: str = ""


@dataclass(frozen=True)
class Artist:
    """Someone whose style is imitated, and whether they agreed."""

    name: str
    consents: bool


class ContributorKind(StrEnum):
    """Whose work a version was trained on."""

    DATASET = "dataset"
    LIBRARY = "library"


@dataclass(frozen=True)
class Contributor:
    """Someone who earns from each sale: a person by e-mail address, or a content library by its slug."""

    kind: ContributorKind
    payee: str
    share_bp: int


@dataclass(frozen=True, kw_only=True)
class PublishTerms:
    """`style` names one of the creator's own styles to add a version to; None starts a new one.

    `price_micro` is per picture in 1e-6 USD; `creator_share_bp` is the creator's part of it in 1/10,000.
    `download_price_micro` sells the file itself; None keeps it here. For `api_first_days` only partners and programs
    may use the version, and then for `early_access_days` the creator's subscribers too. `attribution` ends the credit line: whom the sources' own licences want named. The cover is drawn from
    `sample_prompt`, and a further example from each of `example_prompts`. `organisation` names one of the creator's
    own, which a new style then earns for. `parents` are versions it derives from, and `derivatives_share_bp` is what
    it asks of each version that derives from it; see marketplace.payouts.plans. The last ten are what the policy is made
    of (catalogue.policies): nothing is granted that is not said, but for what the licence gives to everyone by itself.
    """

    title: str
    sample_prompt: str
    licence: str
    price_micro: int
    creator_share_bp: int
    download_price_micro: int | None = None
    api_first_days: int = 0
    early_access_days: int = 0
    training_sources: tuple[TrainingSource, ...]
    example_prompts: tuple[str, ...] = ()
    artists_imitated: tuple[Artist, ...] = ()
    description: str = ""
    trigger_words: str = ""
    attribution: str = ""
    style: str | None = None
    organisation: str | None = None
    parents: tuple[int, ...] = ()
    derivatives_share_bp: int = 0
    contributors: tuple[Contributor, ...] = ()
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
