"""The part of the order form that says which picture to start from, and where it is drawn anew."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.generation.validation import DEFAULT_STRENGTH

FILES = {"accept": "image/png,image/jpeg,image/webp"}


@dataclass(frozen=True)
class Source:
    """Hashes of a picture and a mask that lie in the store, or the id of an image of one's own; "" for none."""

    picture: str = ""
    mask: str = ""
    picture_of: str = ""

    def __bool__(self) -> bool:
        return bool(self.picture or self.picture_of)


class SourceForm(forms.Form):
    """A file that is sent wins over what was sent before, and that over an image of one's own.

    `source` is what the page shows and the order names; the view sets it, once the files are stored.
    """

    picture = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=forms.FileInput(attrs=FILES),
        help_text=_("PNG, JPEG or WebP, at most 16 MiB. It is brought to the size chosen above. Nobody else sees it."),
    )
    kept_picture = forms.CharField(required=False, max_length=64)
    picture_of = forms.UUIDField(required=False)
    strength = forms.FloatField(
        label=_("How much is drawn anew"), required=False, min_value=0.05, max_value=1, initial=DEFAULT_STRENGTH
    )
    mask = forms.FileField(
        label=_("Mask"),
        required=False,
        widget=forms.FileInput(attrs=FILES),
        help_text=_(
            "A picture that is white where yours is drawn anew and black where it stays. Without one, all is drawn over."
        ),
    )
    kept_mask = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = {name: str(self.initial.get(name) or "") for name in ("picture", "mask", "picture_of")}
        self.source = Source(**named)
