"""The form of an endpoint: where events are sent, and which."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.webhooks.kinds import subscribable
from marketplace.webhooks.models import Endpoint


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.name, str(kind.description)) for kind in subscribable().values()]


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/hooks", "autocomplete": "off"}),
        help_text=_("https, on port 443 or 8443, at an address that the whole internet reaches."),
        error_messages={"required": _("Give the address that events are sent to.")},
    )
    description = forms.CharField(
        label=_("Description"), max_length=200, required=False, help_text=_("For you, to tell it from others.")
    )
    kinds = forms.MultipleChoiceField(label=_("Events"), choices=kind_choices, required=False)

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointForm":
        fields = {"url": endpoint.url, "description": endpoint.description, "kinds": endpoint.kinds}
        return cls(initial=fields)
