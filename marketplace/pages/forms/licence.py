"""The form of a quote for a licence. What may be asked for is judged where the API judges it; here it is read."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.partners.models import Agreement
from marketplace.partners.policies import NAMES
from marketplace.partners.territory import Territory
from marketplace.partners.wanted import MOST_DAYS, MOST_IMAGES, Wanted, checked_permissions, checked_territory


def _number(label: Any, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, widget=forms.NumberInput(attrs={"min": 1, "max": most}))


class LicenceForm(forms.Form):
    """`offered` is what its creator permits, which the boxes are; `where` fills in the countries that it holds in."""

    permissions = forms.MultipleChoiceField(
        label=_("What for"), required=False, choices=[(name, name) for name in NAMES]
    )
    territory = forms.Field(label=_("Where"), required=False, widget=forms.SelectMultiple)
    days = _number(_("For how many days"), MOST_DAYS)
    images = _number(_("For how many images"), MOST_IMAGES)
    payment = forms.ChoiceField(label=_("How it is paid"), choices=Agreement.Payment.choices)

    def __init__(self, data: QueryDict | None = None, *, where: Territory = ()) -> None:
        usual = {"permissions": ["commercial_use"], "territory": list(where), "days": 365, "images": 100}
        super().__init__(data, initial=usual | {"payment": Agreement.Payment.PER_IMAGE})

    def clean_territory(self) -> list[str]:
        return [code for code in self.cleaned_data["territory"] or () if code]

    def wanted(self, version_id: int) -> Wanted:
        """What a valid form asks for. Raises InvalidInput."""
        data = self.cleaned_data
        permissions, territory = checked_permissions(data["permissions"]), checked_territory(data["territory"])
        return Wanted(version_id, permissions, territory, data["days"], data["images"], data["payment"])

    def chosen(self) -> list[str]:
        return list(self["permissions"].value() or [])

    def places(self) -> list[str]:
        """A row each; one empty one, which is everywhere, where none is named."""
        return [code for code in self["territory"].value() or [] if code] or [""]
