from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User


class SignupFields(forms.Form):
    """What sign-up asks beside address and password."""

    display_name = forms.CharField(
        label=_("Display name"), max_length=60, help_text=_("Shown beside what you publish.")
    )

    def signup(self, request: HttpRequest, user: User) -> None:  # noqa: ARG002 - the signature allauth calls
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
