"""The forms of an organisation: its name, and an invitation."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.organisations import NAME_LENGTH
from marketplace.accounts.roles import Role


class OrganisationForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the organisation"),
        max_length=NAME_LENGTH,
        error_messages={"required": _("Give it a name.")},
    )


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"), error_messages={"required": _("Write the address of the person to invite.")}
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)
