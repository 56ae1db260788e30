import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TopUp(models.Model):
    """A buyer's order for credit; paid when the provider's signed webhook says so."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for payment")
        PAID = "paid", _("Paid")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="top_ups")
    provider = models.CharField(max_length=40)
    amount_micro = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    checkout_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)


class WebhookEvent(models.Model):
    """A verified webhook, stored before it is processed; a repeated one finds itself here."""

    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    order_key = models.CharField(max_length=120)
    amount_micro = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="a_webhook_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
