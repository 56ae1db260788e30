"""Which version may be licensed for what, where and by whom, in a form that an index answers.

Many versions share the same base and terms: each distinct pair of them is one class, and each version points to its class.
A list reads the few classes that match, and then of each the newest versions.
"""

from django.db import models

from marketplace.catalogue.models import BaseModel, StyleVersion


class LicenceClass(models.Model):
    """One distinct set of terms on one base; `digest` is over all of it."""

    digest = models.CharField(max_length=64, unique=True)
    # A base that is not on offer takes all that was made for it along.
    base_model = models.ForeignKey(BaseModel, on_delete=models.CASCADE, related_name="licence_classes")
    commercial_use = models.BooleanField()
    merging = models.BooleanField()
    derivatives = models.BooleanField()
    resale_through_partners = models.BooleanField()
    training_on_outputs = models.BooleanField()
    # ISO codes; empty: everywhere.
    territory = models.JSONField(default=list)
    for_all_partners = models.BooleanField()
    expires = models.DateField(null=True)

    def __str__(self) -> str:
        return self.digest[:12]


class LicenceClassPartner(models.Model):
    """An organisation that a class is for, where it is not for all."""

    licence_class = models.ForeignKey(LicenceClass, on_delete=models.CASCADE, related_name="partners")
    slug = models.SlugField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "licence_class"], name="a_partner_once_in_a_class")]

    def __str__(self) -> str:
        return self.slug


class Offer(models.Model):
    """A published version in its class, also where nothing of it may be licensed. Withdrawn versions have none."""

    version = models.OneToOneField(StyleVersion, primary_key=True, on_delete=models.CASCADE, related_name="offer")
    licence_class = models.ForeignKey(LicenceClass, on_delete=models.PROTECT, related_name="offers", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["licence_class", "-version"], name="offers_newest_of_class")]

    def __str__(self) -> str:
        return str(self.version)
