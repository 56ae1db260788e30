import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import BaseModel, Pack


class Upload(models.Model):
    """A creator's file from its first part to its pack, or to the reason it was refused.

    A refused file stays under its quarantine key for a while (`quarantined`), where nothing is ever served from.
    """

    class State(models.TextChoices):
        RECEIVING = "receiving", _("Receiving")
        CHECKING = "checking", _("Checking")
        CONVERTING = "converting", _("Preparing")
        READY = "ready", _("Ready to publish")
        REFUSED = "refused", _("Refused")
        ABORTED = "aborted", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    base_model = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    part_size = models.PositiveBigIntegerField()
    store_upload_id = models.CharField(max_length=300)
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVING)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=40, blank=True)
    metadata = models.JSONField(default=dict)
    attempt = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    pack = models.ForeignKey(Pack, null=True, on_delete=models.PROTECT, related_name="uploads")
    refusal_code = models.CharField(max_length=60, blank=True)
    refusal_message = models.TextField(blank=True)
    # All tensors or modules that the sentence is about, up to hub.jobs.MOST_NAMES.
    refusal_names = models.JSONField(default=list, blank=True)
    quarantined = models.BooleanField(default=False)
    # Of a LoRA that the hub made of a model: whose it is, and how far it is off (hub.jobs.Extracted).
    extracted_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="extractions")
    extraction = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["extracted_from"], condition=~models.Q(state="refused"), name="one_lora_of_a_model"
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def has_extraction(self) -> bool:
        return any(made.state != Upload.State.REFUSED for made in self.extractions.all())

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)
