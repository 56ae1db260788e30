"""The form of a new API token: what its owner calls it."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the token"),
        max_length=60,
        help_text=_("Say which program or device will use it, so that you know later which one to revoke."),
        error_messages={"required": _("Give the token a name.")},
    )
