"""Gives Django's form controls the site's look and the links to their help and errors."""

from django import forms
from django.forms import BoundField
from django.forms.widgets import Input
from django.utils.safestring import SafeString

CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "checkbox checkbox-primary"),
    (forms.Textarea, "textarea w-full"),
    (forms.Select, "select w-full"),
    (forms.FileInput, "file-input w-full"),
    (Input, "input w-full"),
)


class RangeInput(forms.NumberInput):
    """A slider; static/js/app.js writes its value into the field's <output>."""

    input_type = "range"


def look(widget: forms.Widget) -> str:
    """The classes of a control, by its kind."""
    if isinstance(widget, RangeInput):
        return "range range-primary range-sm w-full"
    return next((classes for kind, classes in CLASSES if isinstance(widget, kind)), "")


def styled(bound: BoundField, hint: str = "") -> SafeString:
    """The control as HTML, described by its help (or the hint a template gives) and its errors."""
    described = [f"{bound.auto_id}-help"] if hint or bound.help_text else []
    attributes: dict[str, str | bool] = {"class": look(bound.field.widget)}
    if bound.errors:
        described.append(f"{bound.auto_id}-errors")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return bound.as_widget(attrs=attributes)
