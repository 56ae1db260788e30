import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.partners.models.partners import Partner


class Agreement(models.Model):
    """What a partner accepted, to the word, and never changed. Its id is the quote's, so that a quote is accepted once."""

    class Payment(models.TextChoices):
        PREPAID = "prepaid", _("All images at once")
        PER_IMAGE = "per_image", _("Each image when it is made")

    id = models.UUIDField(primary_key=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="agreements")
    version = models.ForeignKey(StyleVersion, on_delete=models.PROTECT, related_name="agreements")
    permissions = models.JSONField()
    territory = models.JSONField()
    # The creator's policy on that day, so that nobody has to remember what it said.
    policy = models.JSONField()
    payment = models.CharField(max_length=20, choices=Payment)
    images = models.PositiveIntegerField()
    unit_price_micro = models.PositiveBigIntegerField()
    total_micro = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    # Whether prepaid images that were never made are paid back when the grant ends by itself, too. Agreements from before
    # that was a term say no, as they were published.
    refunds_unused = models.BooleanField(default=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["partner", "-accepted_at"], name="agreements_newest_first")]

    def __str__(self) -> str:
        return f"{self.partner}: {self.version}"

    @property
    def is_prepaid(self) -> bool:
        return self.payment == self.Payment.PREPAID


class Grant(models.Model):
    """The licence that an agreement gave, until it ends or is revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.OneToOneField(Agreement, on_delete=models.PROTECT, related_name="grant")
    # As in the agreement: lists by partner are read by index.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="grants")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=300, blank=True)
    refunded_micro = models.PositiveBigIntegerField(default=0)
    # When what was prepaid for images never made is to be paid back; null where nothing is, or it is done.
    refund_due_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["partner", "-created_at"], name="grants_newest_first"),
            models.Index(fields=["revoked_at"], condition=models.Q(revoked_at__isnull=False), name="grants_revoked"),
            models.Index(
                fields=["refund_due_at"], condition=models.Q(refund_due_at__isnull=False), name="grants_to_refund"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def state(self, now: datetime) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.agreement.ends_at else "expired"


class LicensedImage(models.Model):
    """An image ordered under grants. It counts against them unless it fails or is cancelled."""

    generation = models.OneToOneField(
        Generation, primary_key=True, on_delete=models.PROTECT, related_name="licensed_image"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="images")
    grants = models.ManyToManyField(Grant, related_name="images")
    # Where it may be used.
    territory = models.JSONField()
    # What of its styles' price was paid with the grants already.
    prepaid_micro = models.PositiveBigIntegerField(default=0)
    ordered_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["partner", "ordered_at"], name="licensed_images_in_order")]

    def __str__(self) -> str:
        return str(self.generation_id)


class Receipt(models.Model):
    """A signed receipt as it was issued: of a grant, or of an image under grants."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.OneToOneField(Grant, null=True, on_delete=models.PROTECT, related_name="receipt")
    image = models.OneToOneField(LicensedImage, null=True, on_delete=models.PROTECT, related_name="receipt")
    text = models.TextField()
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(grant=None) ^ models.Q(image=None), name="receipt_of_a_grant_or_an_image"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
