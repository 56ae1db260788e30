from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation
from marketplace.catalogue.models import BaseModel, StyleVersion


class ContentLibrary(models.Model):
    """A studio's or broadcaster's works: it earns from each model that was trained on it, by that model's plan."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="libraries")
    title = models.CharField(_("title"), max_length=80)
    slug = models.SlugField(unique=True, max_length=60)
    url = models.URLField(_("web address"), blank=True, max_length=500)

    def __str__(self) -> str:
        return self.title


class Plan(models.Model):
    """How each payment for a version, for computing on a base, or for a listed picture is divided. Never changed.

    A version and a listing have one; of a base's plans the newest counts, and an order keeps the one it was made under.
    """

    version = models.OneToOneField(StyleVersion, null=True, on_delete=models.PROTECT, related_name="plan")
    base_model = models.ForeignKey(BaseModel, null=True, on_delete=models.PROTECT, related_name="plans")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version=None) | models.Q(base_model=None), name="plan_of_a_version_or_a_base"
            )
        ]

    def __str__(self) -> str:
        return f"plan of {self.version or self.base_model or 'a picture'}"


class Share(models.Model):
    """A holder's part of each payment in 1/10,000; all of a plan's sum to 10,000. No holder: the platform.

    `source` is the version it is earned by: the one sold, or the ancestor whose creator is paid.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="shares")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=20)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="shares")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="shares")
    source = models.ForeignKey(StyleVersion, null=True, on_delete=models.PROTECT, related_name="shares_earned")
    share_bp = models.PositiveIntegerField()

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="one_share_per_place"),
            models.CheckConstraint(condition=models.Q(share_bp__gte=1, share_bp__lte=10_000), name="a_share_of_all"),
            models.CheckConstraint(
                condition=models.Q(person=None) | models.Q(organisation=None), name="a_share_has_one_holder"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.share_bp} of {self.plan}"
