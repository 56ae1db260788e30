import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation


def holder_of(owner_id: int | None, organisation_id: int | None) -> str:
    """As sealed rows and `irodori ledger` name it: "person:7", "organisation:2" or "platform"."""
    if owner_id is not None:
        return f"person:{owner_id}"
    return "platform" if organisation_id is None else f"organisation:{organisation_id}"


class Account(models.Model):
    """Where money stands: one kind, one holder (a person, an organisation or the platform), one currency."""

    class Kind(models.TextChoices):
        WALLET = "wallet", _("Wallet")
        HELD = "held", _("Held for generations")
        PENDING = "pending", _("Earnings not yet available")
        EARNINGS = "earnings", _("Earnings")
        PLATFORM_REVENUE = "platform_revenue", _("Platform revenue")
        PROVIDER_CLEARING = "provider_clearing", _("Payment provider")

    kind = models.CharField(max_length=30, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="ledger_accounts"
    )
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="ledger_accounts")
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner", "currency"], name="one_account_per_owner"),
            models.UniqueConstraint(fields=["kind", "organisation", "currency"], name="one_account_per_organisation"),
            # SQL calls two NULL owners different, so the platform's own accounts need a rule of their own.
            models.UniqueConstraint(
                fields=["kind", "currency"],
                condition=models.Q(owner=None, organisation=None),
                name="one_account_of_the_platform",
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(organisation=None), name="an_account_has_one_holder"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.holder} {self.currency}"

    @property
    def holder(self) -> str:
        return holder_of(self.owner_id, self.organisation_id)


class Transaction(models.Model):
    """Entries that belong together. `key` is unique per effect, so that doing it twice does it once.

    `settles` names the hold that this one ends, `about` the payment that it corrects or matures.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)
    created_at = models.DateTimeField(auto_now_add=True)
    # One to one, so that the database itself refuses to end a hold twice.
    settles = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="settled_by")
    about = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followed_by")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "created_at"], name="ledger_by_kind"),
            models.Index(fields=["created_at"], name="ledger_by_time"),
        ]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """Positive adds to the account, negative takes from it; a transaction's entries sum to zero.

    `subject` says what the amount is for ("version:7") and `role` why this holder gets it; statements group by both.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_index=False)
    amount_micro = models.BigIntegerField()
    subject = models.CharField(max_length=60, blank=True)
    role = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(amount_micro=0), name="no_empty_entry")]
        # A balance reads this index alone.
        indexes = [models.Index(fields=["account", "id", "amount_micro"], name="ledger_balance")]

    def __str__(self) -> str:
        return f"{self.account}: {self.amount_micro}"


class Checkpoint(models.Model):
    """What the entries of an account up to `entry_id` sum to, so that a balance adds only those after it.

    Made from the entries alone, and checked against them by `irodori ledger verify`.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="checkpoints")
    entry_id = models.BigIntegerField()
    balance_micro = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "entry_id"], name="a_checkpoint_once")]

    def __str__(self) -> str:
        return f"{self.account} up to {self.entry_id}: {self.balance_micro}"


class Progress(models.Model):
    """How far a task that walks through the ledger in order of time has come."""

    task = models.CharField(max_length=30, primary_key=True)
    reached = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.task} until {self.reached}"


class Block(models.Model):
    """Transactions sealed together. Each block holds the hash of the one before, so the past can't be changed alone."""

    number = models.BigIntegerField(primary_key=True)
    previous_hash = models.CharField(max_length=64)
    merkle_root = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()
    key_id = models.CharField(max_length=43)
    signature = models.CharField(max_length=86)

    def __str__(self) -> str:
        return f"block {self.number}"


class Seal(models.Model):
    """Where a transaction stands in the chain. The salt hides its entries from whoever sees only some of them."""

    transaction = models.OneToOneField(Transaction, primary_key=True, on_delete=models.PROTECT, related_name="seal")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="seals", db_index=False)
    position = models.PositiveIntegerField()
    salt = models.CharField(max_length=64)
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        # Its index also finds the seals of a block.
        constraints = [models.UniqueConstraint(fields=["block", "position"], name="one_seal_per_position")]

    def __str__(self) -> str:
        return f"{self.position} of block {self.block_id}"
