import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.acting import acting_credential
from marketplace.accounts.models import Credential
from marketplace.catalogue.models import BaseModel, Example, StyleVersion
from marketplace.payouts.models import Plan


class Generation(models.Model):
    """One requested image. The row is the truth about it; messages to and from workers are only hints."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Drawing")
        SUCCEEDED = "succeeded", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Purpose(models.TextChoices):
        ORDER = "order", _("Order")
        SAMPLE = "sample", _("Sample")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Nobody, where the hub shows a base of its own.
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="generations")
    # The key or client that ordered it; null where a person did in a browser.
    credential = models.ForeignKey(
        Credential, null=True, default=acting_credential, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.ORDER)
    example = models.ForeignKey(Example, null=True, on_delete=models.SET_NULL, related_name="generations")
    base_model = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="generations")

    prompt = models.TextField(max_length=2000)
    negative_prompt = models.TextField(blank=True, max_length=2000)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    steps = models.PositiveIntegerField()
    guidance_scale = models.FloatField()
    seed = models.PositiveBigIntegerField()
    scheduler = models.CharField(max_length=40)
    resale = models.BooleanField(default=False)

    # Hashes of what the buyer sent to start from; strength is null where a generation starts from noise.
    picture_sha256 = models.CharField(max_length=64, blank=True, default="")
    mask_sha256 = models.CharField(max_length=64, blank=True, default="")
    strength = models.FloatField(null=True)
    # Null where the base does every step.
    refiner_start = models.FloatField(null=True)

    price_micro = models.PositiveBigIntegerField()
    compute_micro = models.PositiveBigIntegerField()
    # Null: all of it is the platform's.
    compute_plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="generations")
    currency = models.CharField(max_length=3, default="USD")

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=1)
    worker = models.CharField(max_length=120, blank=True)
    step = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    times_sent = models.PositiveIntegerField(default=0)
    # One of a batch: it is sent when its turn comes, not at once.
    paced = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    device_seconds = models.FloatField(null=True)
    energy_joules = models.FloatField(null=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)

    image_key = models.CharField(max_length=200, blank=True)
    image_sha256 = models.CharField(max_length=64, blank=True)
    image_size = models.PositiveBigIntegerField(default=0)
    image_media_type = models.CharField(max_length=60, blank=True)

    # How many waited before it when it was saved: at hand for who ordered it a moment ago, and not stored.
    ahead: int | None = None

    class Meta:
        indexes = [
            models.Index(fields=["state", "created_at"], name="generation_queue"),
            models.Index(fields=["buyer", "-created_at"], name="generation_history"),
            models.Index(
                fields=["base_model", "buyer", "created_at"],
                condition=models.Q(paced=True, state__in=["queued", "running"]),
                name="generation_turns",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["example"],
                condition=models.Q(state__in=["queued", "running", "succeeded"]),
                name="one_picture_per_example",
            ),
            models.CheckConstraint(
                condition=models.Q(buyer__isnull=False) | models.Q(purpose="sample", price_micro=0),
                name="who_pays_has_a_name",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class GenerationAdapter(models.Model):
    """A style used by a generation, with the price agreed when it was ordered."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="adapters")
    version = models.ForeignKey(StyleVersion, on_delete=models.PROTECT, related_name="uses")
    weight = models.FloatField()
    price_micro = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "version"], name="a_style_once_per_generation")]

    def __str__(self) -> str:
        return f"{self.version} x {self.weight}"
