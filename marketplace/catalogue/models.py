from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation
from marketplace.licences.columns import Licensed
from marketplace.licences.rules import may_train

COVER = 0  # a version's example of this position stands for it in lists


class BaseModel(models.Model):
    """A base that some engine serves: the picture sizes it can make (in pixels) and the settings that suit it."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=80)
    summary = models.CharField(max_length=300, blank=True)
    engine = models.CharField(max_length=40)
    licence = models.CharField(max_length=60)
    default_side = models.PositiveIntegerField()
    min_side = models.PositiveIntegerField()
    max_side = models.PositiveIntegerField()
    default_steps = models.PositiveIntegerField(default=20)
    default_guidance = models.FloatField(default=5.0)
    # Whether its workers have one: the page offers it by this, the worker is the one to refuse.
    has_refiner = models.BooleanField(default=False, db_default=False)
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.title

    @property
    def shown_examples(self) -> list["Example"]:
        """Its pictures in their order, none of a base that is not on offer."""
        return [example for example in self.examples.all() if example.is_drawn and self.enabled]


class Pack(models.Model):
    """A canonical adapter pack in the object store: immutable, named by its own hash."""

    sha256 = models.CharField(max_length=64, unique=True)
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    size = models.PositiveBigIntegerField()
    rank = models.PositiveIntegerField()
    modules = models.PositiveIntegerField()
    base_model = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="packs")

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"


class Style(models.Model):
    """What a creator offers; buyers see its newest published version."""

    creator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="styles")
    # Whom it earns for, where that is not the creator alone.
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="styles")
    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=80)
    description = models.TextField(blank=True, max_length=4000)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title

    @property
    def latest(self) -> "StyleVersion":
        """The newest published version; where all are withdrawn, the newest of those."""
        return max(self.versions.all(), key=lambda version: (version.is_published, version.number))


class StyleVersion(Licensed):
    """One published release of a style: a pack and the terms it is offered under, frozen at publication.

    `policy` is what its creator grants, `licence` the stated licence, whose words the policy agrees with.
    """

    class State(models.TextChoices):
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    style = models.ForeignKey(Style, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="versions")
    state = models.CharField(max_length=20, choices=State, default=State.PUBLISHED)
    published_at = models.DateTimeField(auto_now_add=True)
    # Until then it is for partners and programs alone, and then until the second date for the creator's subscribers too
    # (see channels.py). Null: as soon as the one before.
    members_from = models.DateTimeField(null=True, blank=True)
    public_from = models.DateTimeField(null=True, blank=True)

    trigger_words = models.CharField(max_length=300, blank=True)
    licence = models.CharField(max_length=60)
    attribution = models.CharField(max_length=300, blank=True)
    price_micro = models.PositiveBigIntegerField()
    # Null: its file is not for sale.
    download_price_micro = models.PositiveBigIntegerField(null=True, blank=True)
    creator_share_bp = models.PositiveIntegerField()
    parents = models.ManyToManyField("self", symmetrical=False, related_name="derivatives")
    derivatives_share_bp = models.PositiveIntegerField(default=0)

    training_sources = models.JSONField(default=list)
    artists_imitated = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["style", "number"], name="one_version_per_number"),
            models.CheckConstraint(condition=models.Q(creator_share_bp__lte=10_000), name="share_at_most_all_of_it"),
            models.CheckConstraint(
                # A comparison with null would be no violation.
                condition=models.Q(members_from=None)
                | models.Q(public_from__isnull=False, public_from__gte=models.F("members_from")),
                name="members_before_everyone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.style.title} v{self.number}"

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    def is_public(self, now: datetime) -> bool:
        return self.public_from is None or self.public_from <= now

    @property
    def sample_prompt(self) -> str:
        """What its cover is drawn from."""
        return next((example.prompt for example in self.examples.all()), "")

    @property
    def shown_examples(self) -> list["Example"]:
        """Its pictures in their order, the cover first; none of a version that its creator withdrew."""
        return [example for example in self.examples.all() if example.is_drawn and self.is_published]

    @property
    def cover(self) -> "Example | None":
        return next((example for example in self.shown_examples if example.position == COVER), None)

    @property
    def further_examples(self) -> list["Example"]:
        return [example for example in self.shown_examples if example.position != COVER]


class Example(models.Model):
    """A picture that the hub draws to show what a version, or a base without any style, makes of a prompt."""

    version = models.ForeignKey(StyleVersion, null=True, on_delete=models.PROTECT, related_name="examples")
    base_model = models.ForeignKey(BaseModel, null=True, on_delete=models.PROTECT, related_name="examples")
    position = models.PositiveIntegerField()
    prompt = models.CharField(max_length=300)
    image_key = models.CharField(max_length=200, blank=True)
    image_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="one_example_per_place_of_version"),
            models.UniqueConstraint(fields=["base_model", "position"], name="one_example_per_place_of_base"),
            models.CheckConstraint(
                condition=models.Q(version=None) ^ models.Q(base_model=None), name="example_of_a_version_or_a_base"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version or self.base_model} #{self.position}"

    @property
    def is_drawn(self) -> bool:
        return bool(self.image_sha256)

    @property
    def may_train(self) -> bool:
        """Does whoever is asked allow training on it? A picture of the base alone has nobody to forbid it."""
        return self.version is None or may_train(self.version.policy)
