import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """Where money stands: one kind, one owner (none for the platform's own), one currency."""

    class Kind(models.TextChoices):
        WALLET = "wallet", _("Wallet")
        HELD = "held", _("Held for generations")
        EARNINGS = "earnings", _("Earnings")
        PLATFORM_REVENUE = "platform_revenue", _("Platform revenue")
        PROVIDER_CLEARING = "provider_clearing", _("Payment provider")

    kind = models.CharField(max_length=30, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="ledger_accounts"
    )
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner", "currency"], name="one_account_per_owner"),
            # SQL calls two NULL owners different, so the platform's own accounts need a rule of their own.
            models.UniqueConstraint(
                fields=["kind", "currency"],
                condition=models.Q(owner=None),
                name="one_account_of_the_platform",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.owner_id or 'platform'} {self.currency}"


class Transaction(models.Model):
    """Entries that belong together. `key` is unique per effect, so that doing it twice does it once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """Positive adds to the account, negative takes from it; a transaction's entries sum to zero.

    `subject` says what the amount is for ("version:7"); statements group by it.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount_micro = models.BigIntegerField()
    subject = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(amount_micro=0), name="no_empty_entry")]

    def __str__(self) -> str:
        return f"{self.account}: {self.amount_micro}"
