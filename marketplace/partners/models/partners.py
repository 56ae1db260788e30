from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation
from marketplace.catalogue.models import StyleVersion
from marketplace.ledger.split import WHOLE_BP
from marketplace.partners.territory import codes_of


def validate_territories(codes: object) -> None:
    """Raises ValidationError for what is no list of ISO 3166-1 alpha-2 codes."""
    if not isinstance(codes, list) or codes_of(codes) is None:
        raise ValidationError(_("Write country codes as a list, such as [“JP”, “DE”]. An empty list is everywhere."))


class Partner(models.Model):
    """What staff agreed with an organisation: how much it may license, where, and at which prices.

    Its row is also the lock at which everything that counts against a limit queues up.
    """

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="partner")
    suspended = models.BooleanField(default=False)
    # ISO 3166-1 alpha-2; empty: everywhere.
    territories = models.JSONField(default=list, blank=True, validators=[validate_territories])
    # Of images under grants. Null: as many as its grants hold.
    images_per_day = models.PositiveIntegerField(null=True, blank=True, default=1_000)
    images_per_month = models.PositiveIntegerField(null=True, blank=True, default=20_000)
    # For grants and images under them, a calendar month in UTC. Null: what its wallet holds.
    spend_cap_micro = models.PositiveBigIntegerField(null=True, blank=True)
    # What it pays of creators' own prices per image, in 1/10,000; never less than they ask.
    price_bp = models.PositiveIntegerField(default=WHOLE_BP)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_bp__gte=WHOLE_BP), name="partners_pay_at_least_what_creators_ask"
            )
        ]

    def __str__(self) -> str:
        return self.organisation.name


class PartnerPrice(models.Model):
    """What this partner pays per image of one version, where that was agreed apart."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="prices")
    version = models.ForeignKey(StyleVersion, on_delete=models.PROTECT, related_name="partner_prices")
    price_micro = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "version"], name="one_price_per_partner_and_version")]

    def __str__(self) -> str:
        return f"{self.version} for {self.partner}"

    def clean(self) -> None:
        if self.version_id and self.price_micro is not None and self.price_micro < self.version.price_micro:
            raise ValidationError({"price_micro": _("The creator asks more than this per image.")})
