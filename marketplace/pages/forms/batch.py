"""The form that orders many images at once: one prompt to a line, all else as the base and the style have it."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.batches.services import MOST_ITEMS
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.validation import MAX_PROMPT, engine_info
from marketplace.pages.forms.generate import DEFAULT_WEIGHT
from marketplace.pages.forms.sizes import size_named, sizes_of


class BatchForm(forms.Form):
    """`version` is the style used, or None for the plain base."""

    prompts = forms.CharField(
        label=_("Prompts, one to a line"), max_length=MOST_ITEMS * MAX_PROMPT, widget=forms.Textarea(attrs={"rows": 10})
    )
    size = forms.ChoiceField(label=_("Size"))
    name = forms.CharField(label=_("Name"), required=False, max_length=120, help_text=_("For you to find it by later."))

    def __init__(self, *args: Any, base: BaseModel, version: StyleVersion | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base, self.version = base, version
        size = self.fields["size"]
        assert isinstance(size, forms.ChoiceField)  # noqa: S101 - narrows the type; it is declared above
        size.choices = [(each.name, each.label) for each in sizes_of(base, engine_info(base).size_multiple)]

    def clean_prompts(self) -> list[str]:
        prompts = [line.strip() for line in self.cleaned_data["prompts"].splitlines() if line.strip()]
        if len(prompts) > MOST_ITEMS:
            message = gettext("These are %(count)s lines. Send at most %(most)s at once.")
            raise forms.ValidationError(message % {"count": len(prompts), "most": MOST_ITEMS})
        return prompts

    def requests(self) -> list[GenerationRequest]:
        """What a valid form asks for, a random seed for each."""
        size = size_named(self.cleaned_data["size"])
        return [
            GenerationRequest(
                base_model=self.base.slug,
                prompt=prompt,
                adapters=self._adapters(),
                width=size.width,
                height=size.height,
            )
            for prompt in self.cleaned_data["prompts"]
        ]

    def _adapters(self) -> tuple[AdapterChoice, ...]:
        if self.version is None:
            return ()
        weight = DEFAULT_WEIGHT if self.version.pack.kind == "lora" else 1.0
        return (AdapterChoice(self.version.pk, weight),)
