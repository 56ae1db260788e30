"""The forms of a new key or client and of its rotation."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.scopes import MEANING, Scope

LIFETIMES = (("", _("Never")), ("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year")))
OVERLAPS = (("0", _("not at all")), ("1", _("for an hour")), ("24", _("for a day")), ("168", _("for a week")))
# What a first program needs.
USUAL = (Scope.GENERATE, Scope.IMAGES_READ, Scope.STYLES_READ)


class CredentialForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("Say which program or device will use it, so that you know later which one to revoke."),
        error_messages={"required": _("Give it a name.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope.value, meaning) for scope, meaning in MEANING.items()],
        initial=[scope.value for scope in USUAL],
        error_messages={"required": _("Choose at least one scope.")},
    )
    lifetime = forms.ChoiceField(label=_("Expires"), choices=LIFETIMES, required=False)

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    def chosen_scopes(self) -> list[str]:
        """For the boxes, which the template draws with their meanings."""
        return list(self["scopes"].value() or [])


class RotateForm(forms.Form):
    overlap_hours = forms.TypedChoiceField(coerce=int, choices=OVERLAPS, initial="24")

    def overlap(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["overlap_hours"])
