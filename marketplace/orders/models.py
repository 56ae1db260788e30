import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.payouts.models import Plan


class TopUp(models.Model):
    """A buyer's order for credit; paid when the provider's signed webhook says so, and perhaps called back later."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for payment")
        PAID = "paid", _("Paid")
        DISPUTED = "disputed", _("Called back by the bank, not decided")
        CHARGED_BACK = "charged_back", _("Called back by the bank")

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


class SubscriptionOffer(models.Model):
    """What a creator's subscribers pay for each 30 days."""

    creator = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscription_offer"
    )
    price_micro = models.PositiveBigIntegerField()
    open = models.BooleanField(default=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"subscription to {self.creator}"


class Subscription(models.Model):
    """A buyer's access to a creator's new versions before everyone else. It renews at `price_micro` until stopped."""

    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscribers")
    until = models.DateTimeField()
    renews = models.BooleanField(default=True)
    price_micro = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["buyer", "creator"], name="one_subscription_to_a_creator")]

    def __str__(self) -> str:
        return f"{self.buyer} to {self.creator} until {self.until:%Y-%m-%d}"


class Listing(models.Model):
    """A finished picture for sale, as often as it is bought. Its plan is frozen when it is listed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="listing")
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="listings")
    title = models.CharField(max_length=80)
    licence = models.CharField(max_length=60)
    price_micro = models.PositiveBigIntegerField()
    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="listing")
    open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["open", "-created_at"], name="listings_newest_first")]

    def __str__(self) -> str:
        return self.title


class Purchase(models.Model):
    """What a buyer bought and paid at once: a model's file, 30 days of a subscription, or a finished picture.

    Its id is the quote's, so that one quote is charged once. `name` is the style's, creator's or picture's of that time.
    """

    class Kind(models.TextChoices):
        FILE = "file", _("Model file")
        SUBSCRIPTION = "subscription", _("Subscription")
        PICTURE = "picture", _("Picture")

    id = models.UUIDField(primary_key=True, editable=False)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="purchases")
    kind = models.CharField(max_length=20, choices=Kind)
    version = models.ForeignKey(StyleVersion, null=True, on_delete=models.PROTECT, related_name="purchases")
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="sales")
    listing = models.ForeignKey(Listing, null=True, on_delete=models.PROTECT, related_name="purchases")
    name = models.CharField(max_length=80)
    price_micro = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    created_at = models.DateTimeField(auto_now_add=True)
    refunded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["buyer", "-created_at"], name="purchases_newest_first")]
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "version"], condition=models.Q(refunded_at=None), name="a_file_is_bought_once"
            ),
            models.UniqueConstraint(
                fields=["buyer", "listing"], condition=models.Q(refunded_at=None), name="a_picture_is_bought_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="file", version__isnull=False, creator=None, listing=None)
                | models.Q(kind="subscription", version=None, creator__isnull=False, listing=None)
                | models.Q(kind="picture", version=None, creator=None, listing__isnull=False),
                name="a_purchase_is_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.buyer}"
