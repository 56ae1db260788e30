"""The form that orders an image, with a style or with the plain base."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.catalogue.selectors import versions_to_mix_with
from marketplace.generation.models import Generation
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.validation import DEFAULT_STRENGTH, MAX_PROMPT, MAX_SEED, REFINER_STARTS, engine_info
from marketplace.licences.rules import Act, Use, evaluate
from marketplace.licences.selectors import policy_of
from marketplace.pages.forms.sizes import Size, size_named, sizes_of
from marketplace.pages.forms.source import SourceForm
from marketplace.pages.labels import SCHEDULER_LABELS
from marketplace.pages.widgets import RangeInput

DEFAULT_WEIGHT = 0.8
# A longer menu helps nobody; programs name any.
MOST_SECOND_STYLES = 100
SOURCE_FIELDS = ("picture", "kept_picture", "picture_of", "strength", "mask", "kept_mask")


class GenerateForm(SourceForm):
    """`version` is the style used, or None for the plain base; `second` is mixed with it."""

    prompt = forms.CharField(
        label=_("Prompt"),
        max_length=MAX_PROMPT,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    negative_prompt = forms.CharField(
        label=_("What to avoid"),
        required=False,
        max_length=MAX_PROMPT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The picture is steered away from this."),
    )
    size = forms.ChoiceField(label=_("Size"), widget=forms.RadioSelect(attrs={"class": "sr-only"}))
    weight = forms.FloatField(label=_("Strength of the style"), min_value=0, max_value=1.5, initial=DEFAULT_WEIGHT)
    second = forms.ChoiceField(
        label=_("A second style"), required=False, help_text=_("Mixed with this one. Its creator is paid too.")
    )
    second_weight = forms.FloatField(
        label=_("Strength of the second style"), required=False, min_value=0, max_value=1.5, initial=DEFAULT_WEIGHT
    )
    steps = forms.IntegerField(label=_("Steps"), min_value=1)
    guidance_scale = forms.FloatField(label=_("Guidance scale"), min_value=0, max_value=15)
    seed = forms.IntegerField(
        label=_("Seed"),
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        help_text=_("The same seed and settings give the same picture. Leave empty for a random one."),
    )
    scheduler = forms.ChoiceField(label=_("Scheduler"))
    refiner_start = forms.FloatField(
        label=_("The refiner takes over at"),
        required=False,
        min_value=REFINER_STARTS[0],
        max_value=REFINER_STARTS[1],
        help_text=_(
            "A second model draws the last steps, once this part of the noise is gone: 0.8 gives it the last fifth. "
            "Leave empty to draw without it."
        ),
    )
    resale = forms.BooleanField(
        label=_("I want to resell this picture"),
        required=False,
        help_text=_("The creators of its styles allow it."),
    )

    def __init__(self, *args: Any, base: BaseModel, version: StyleVersion | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base, self.version = base, version
        info = engine_info(base)
        self.sizes = sizes_of(base, info.size_multiple)
        self._offer_sizes()
        self._slide("weight", 0.05)
        self._slide("second_weight", 0.05)
        self._slide("strength", 0.05)
        self.fields["guidance_scale"].initial = base.default_guidance
        self._slide("guidance_scale", 0.5)
        self.fields["steps"] = forms.IntegerField(
            label=_("Steps"), min_value=1, max_value=info.max_steps, initial=min(base.default_steps, info.max_steps)
        )
        self._slide("steps", 1)
        self._choose("scheduler", [(name, SCHEDULER_LABELS.get(name, name)) for name in info.schedulers])
        self._offer_second_styles()
        self._drop_what_has_no_use(takes_pictures=info.takes_pictures, refines=base.has_refiner and info.may_refine)

    def request(self) -> GenerationRequest:
        """What a valid form asks for."""
        data = self.cleaned_data
        size = size_named(data["size"])
        return GenerationRequest(
            base_model=self.base.slug,
            prompt=data["prompt"],
            negative_prompt=data["negative_prompt"],
            adapters=self._adapters(),
            width=size.width,
            height=size.height,
            steps=data["steps"],
            guidance_scale=data["guidance_scale"],
            seed=data["seed"],
            scheduler=data["scheduler"],
            resale=data.get("resale", False),
            picture=self.source.picture,
            mask=self.source.mask,
            strength=data.get("strength") if self.source.picture else None,
            refiner_start=data.get("refiner_start"),
        )

    def _adapters(self) -> tuple[AdapterChoice, ...]:
        if self.version is None:
            return ()
        data = self.cleaned_data
        first = AdapterChoice(version_id=self.version.pk, weight=data.get("weight", 1.0))
        if not data.get("second"):
            return (first,)
        weight = data["second_weight"]
        return first, AdapterChoice(int(data["second"]), DEFAULT_WEIGHT if weight is None else weight)

    def _offer_second_styles(self) -> None:
        others = versions_to_mix_with(self.version)[:MOST_SECOND_STYLES] if self.version else ()
        names = [(str(other.pk), _second_style(other)) for other in others]
        if names:
            self._choose("second", [("", _("None")), *names])
        else:
            del self.fields["second"], self.fields["second_weight"]

    def _offer_sizes(self) -> None:
        asked = self.initial.get("size")
        if asked and asked not in {size.name for size in self.sizes}:
            self.sizes.append(size_named(asked))
        self._choose("size", [(size.name, size.label) for size in self.sizes])
        self.fields["size"].initial = self.sizes[0].name

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type; these fields are declared above
        field.choices = choices

    def _slide(self, name: str, step: float) -> None:
        field = self.fields[name]
        attributes = {"step": step, "data-output": f"id_{name}-value"}
        field.widget = RangeInput(attrs={**field.widget_attrs(RangeInput()), **attributes})

    def _drop_what_has_no_use(self, *, takes_pictures: bool, refines: bool) -> None:
        for name in () if takes_pictures else SOURCE_FIELDS:
            del self.fields[name]
        if not refines:
            del self.fields["refiner_start"]
        if self.version is None or self.version.pack.kind != "lora":
            del self.fields["weight"]
        resale = Use(act=Act.RESELL, on=timezone.now().date())
        if self.version is not None and evaluate(resale, policy_of(self.version)):
            del self.fields["resale"]


def _second_style(version: StyleVersion) -> str:
    """Its title, and the words that call it."""
    if not version.trigger_words:
        return version.style.title
    words = {"title": version.style.title, "words": version.trigger_words}
    return gettext("%(title)s: write “%(words)s”") % words


def values_of(generation: Generation) -> dict[str, Any]:
    """The form's values that would ask for the same image again."""
    adapter, second = ([*generation.adapters.order_by("pk"), None, None])[:2]
    return {
        "prompt": generation.prompt,
        "negative_prompt": generation.negative_prompt,
        "size": Size(generation.width, generation.height).name,
        "weight": adapter.weight if adapter else DEFAULT_WEIGHT,
        "second": second.version_id if second else None,
        "second_weight": second.weight if second else DEFAULT_WEIGHT,
        "picture": generation.picture_sha256,
        "mask": generation.mask_sha256,
        "strength": DEFAULT_STRENGTH if generation.strength is None else generation.strength,
        "steps": generation.steps,
        "guidance_scale": generation.guidance_scale,
        "seed": generation.seed,
        "refiner_start": generation.refiner_start,
        "scheduler": generation.scheduler,
        "resale": generation.resale,
    }
