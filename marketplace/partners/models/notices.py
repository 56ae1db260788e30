import uuid

from django.db import models

from marketplace.catalogue.models import StyleVersion
from marketplace.partners.models.partners import Partner


class Takedown(models.Model):
    """A notice that a version had to go: published, with its reason, for everyone who may hold an image of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(StyleVersion, on_delete=models.PROTECT, related_name="takedowns")
    reason = models.CharField(max_length=300)
    claimant = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.reason}"


class PartnerStatement(models.Model):
    """That a partner's month is over and what it came to; its lines are read from the ledger."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="statements")
    month = models.CharField(max_length=7)
    lines = models.PositiveIntegerField()
    paid_micro = models.BigIntegerField()
    closing_micro = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "month"], name="one_statement_a_month")]

    def __str__(self) -> str:
        return f"{self.partner} {self.month}"
