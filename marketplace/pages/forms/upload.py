"""The form of a new upload; static/js/upload.js sends the file itself, straight to the object store."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.selectors import base_models


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), widget=forms.FileInput(attrs={"accept": ".safetensors"}))
    base_model = forms.ModelChoiceField(
        label=_("Made for"), queryset=base_models(), to_field_name="slug", empty_label=None
    )
