"""The form of a version's terms. The rules about them live in catalogue.terms; this only reads what was typed."""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation
from marketplace.api.errors import http_status
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import Style
from marketplace.catalogue.selectors import newest_versions
from marketplace.catalogue.terms import MAX_CREATOR_SHARE_BP, MAX_EARLY_ACCESS_DAYS, PublishTerms
from marketplace.errors import Refusal
from marketplace.ledger.money import MICRO_PER_CREDIT
from marketplace.pages.forms import publish_rows as rows
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.labels import CONSENTS
from marketplace.pages.widgets import RangeInput
from marketplace.uploads.models import Upload

# What the services call a field, where the page asks for it in other units.
FIELD_OF = {
    "price_micro": "price_credits",
    "creator_share_bp": "share_percent",
    "derivatives_share_bp": "derivatives_percent",
    "download_price_micro": "download_credits",
}

OPT_OUT_OF = {"rules_out_mining": "data_mining", "rules_out_input": "ai_inference"}


class PublishForm(forms.Form):
    style = forms.ModelChoiceField(
        label=_("Publish as"),
        queryset=Style.objects.none(),
        required=False,
        empty_label=_("A new style"),
        to_field_name="slug",
        help_text=_("Or as the next version of a style that you have."),
    )
    title = forms.CharField(label=_("Title"), max_length=80)
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    trigger_words = forms.CharField(
        label=_("Trigger words"),
        max_length=300,
        required=False,
        help_text=_("What a prompt must say to call the style."),
    )
    sample_prompt = forms.CharField(
        label=_("Prompt of the sample picture"),
        max_length=300,
        help_text=_("The cover is drawn from it as soon as you publish, at no cost."),
    )
    example_prompts = forms.CharField(
        label=_("Prompts of further examples, one per line"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Up to 6, drawn at no cost like the cover. Buyers see each picture with its prompt."),
    )
    price_credits = forms.DecimalField(
        label=_("Price per picture, in credits"),
        min_value=0,
        max_digits=9,
        decimal_places=4,
        initial=1,
        help_text=_("1 credit is 0.01 US dollar."),
    )
    share_percent = forms.IntegerField(
        label=_("Your share of the price"), min_value=0, max_value=MAX_CREATOR_SHARE_BP // 100, initial=70
    )
    derivatives_percent = forms.DecimalField(
        label=_("What you ask of styles that derive from yours, in percent of their price"),
        min_value=0,
        max_value=50,
        decimal_places=2,
        required=False,
        help_text=_("All parents of a style together get at most 50 %."),
    )
    parents = forms.CharField(
        label=_("Styles it derives from, one address per line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Each gets what it asks, out of your share, and passes on what its own parents ask."),
    )
    download_credits = forms.DecimalField(
        label=_("Price of the file itself, in credits"),
        min_value=0,
        max_digits=11,
        decimal_places=4,
        required=False,
        help_text=_("Leave it empty to keep the file here: people then only make pictures with it."),
    )
    api_first_days = forms.IntegerField(
        label=_("Days for partners and programs alone"),
        min_value=0,
        max_value=MAX_EARLY_ACCESS_DAYS,
        required=False,
        help_text=_("Organisations, and whoever orders by API, get it first."),
    )
    early_access_days = forms.IntegerField(
        label=_("Then days for your subscribers too"),
        min_value=0,
        max_value=MAX_EARLY_ACCESS_DAYS,
        required=False,
        help_text=_("After both it is for everyone."),
    )
    licence = forms.ChoiceField(label=_("Licence of the pictures"), initial=next(iter(LICENCES)))
    attribution = forms.CharField(
        label=_("Also name"),
        max_length=300,
        required=False,
        help_text=_("Whom the licences of your sources want named. It ends the credit line beside each picture."),
    )
    commercial_use = forms.BooleanField(
        label=_("Pictures made with it may be used in business"),
        required=False,
        help_text=_("Open licences allow it by themselves."),
    )
    may_be_merged = forms.BooleanField(label=_("It may be mixed with other styles in one picture"), required=False)
    may_be_derived = forms.BooleanField(label=_("Others may train styles that derive from it"), required=False)
    may_be_resold = forms.BooleanField(label=_("Partners may resell pictures made with it"), required=False)
    outputs_may_train = forms.BooleanField(label=_("Pictures made with it may be used to train models"), required=False)
    credit_required = forms.BooleanField(
        label=_("Name me beside each picture"),
        required=False,
        help_text=_("Some licences ask for it by themselves."),
    )
    partners = forms.CharField(
        label=_("Partners that may license it"),
        required=False,
        help_text=_("The short names of their organisations here, with spaces between them. Empty: every partner."),
    )
    territory = forms.CharField(
        label=_("Countries for which partners may license it"),
        required=False,
        help_text=_("By their two letters, such as JP DE. Empty: every country."),
    )
    expires = forms.DateField(
        label=_("Last day for new pictures and licences"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    rules_out_mining = forms.BooleanField(label=_("Tell machines: no text and data mining"), required=False)
    rules_out_input = forms.BooleanField(label=_("Tell machines: no use as a model’s input"), required=False)

    consents = CONSENTS
    licences = tuple(LICENCES.values())
    empty_source = rows.SourceRow()
    empty_artist = rows.ArtistRow()
    empty_contributor = rows.ContributorRow()

    def __init__(
        self, *args: Any, styles: QuerySet[Style], organisations: QuerySet[Organisation], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.source_errors: list[str] = []
        self.artist_errors: list[str] = []
        self.contributor_errors: list[str] = []
        share = self.fields["share_percent"]
        slider = {"step": 5, "data-output": "id_share_percent-value", "data-unit": " %"}
        share.widget = RangeInput(attrs={**share.widget_attrs(RangeInput()), **slider})
        licence, style = self.fields["licence"], self.fields["style"]
        assert isinstance(licence, forms.ChoiceField)  # noqa: S101 - narrows the type; declared above
        assert isinstance(style, forms.ModelChoiceField)  # noqa: S101 - as above
        licence.choices = [(item.id, item.title) for item in LICENCES.values()]
        style.queryset = styles
        if not styles.exists():
            del self.fields["style"]
        if choices := list(organisations.values_list("slug", "name")):
            self.fields["organisation"] = forms.ChoiceField(
                label=_("It earns for"), choices=[("", _("Me")), *choices], required=False
            )

    @property
    def source_rows(self) -> list[rows.SourceRow]:
        """As typed; a fresh form starts with one empty row."""
        return rows.source_rows(self._typed) if self.is_bound else [self.empty_source]

    @property
    def artist_rows(self) -> list[rows.ArtistRow]:
        return rows.artist_rows(self._typed)

    @property
    def contributor_rows(self) -> list[rows.ContributorRow]:
        return rows.contributor_rows(self._typed)

    @property
    def _typed(self) -> QueryDict:
        return self.data if isinstance(self.data, QueryDict) else QueryDict()

    def terms(self) -> PublishTerms:
        """What a valid form states."""
        data = self.cleaned_data
        style = data.get("style")
        texts = ("title", "description", "trigger_words", "sample_prompt", "licence", "attribution")
        permissions = ("commercial_use", "may_be_merged", "may_be_derived", "may_be_resold", "outputs_may_train")
        return PublishTerms(
            style=style.slug if style else None,
            price_micro=_micro(data["price_credits"]) or 0,
            creator_share_bp=data["share_percent"] * 100,
            example_prompts=tuple(line.strip() for line in data["example_prompts"].splitlines() if line.strip()),
            training_sources=tuple(rows.sources(self.source_rows)),
            artists_imitated=tuple(rows.artists(self.artist_rows)),
            contributors=tuple(rows.contributors(self.contributor_rows)),
            parents=newest_versions(data["parents"].split()),
            derivatives_share_bp=int((data["derivatives_percent"] or 0) * 100),
            organisation=data.get("organisation") or None,
            download_price_micro=_micro(data["download_credits"]),
            api_first_days=data["api_first_days"] or 0,
            early_access_days=data["early_access_days"] or 0,
            territory=tuple(_names(data["territory"].upper())),
            partners=tuple(_names(data["partners"])),
            opt_outs=tuple(name for field, name in OPT_OUT_OF.items() if data[field]),
            **{name: data[name] for name in (*texts, *permissions, "credit_required", "expires")},
        )

    def show(self, refusal: Refusal) -> int:
        """Put a refusal where it belongs; returns the HTTP status of the answer."""
        listed = {
            "training_sources": self.source_errors,
            "artists_imitated": self.artist_errors,
            "contributors": self.contributor_errors,
        }
        if refusal.field in listed:
            listed[refusal.field].append(refusal.message)
            return http_status(refusal)
        refusal.field = FIELD_OF.get(refusal.field or "", refusal.field)
        return show_refusal(self, refusal)


def _names(typed: str) -> list[str]:
    return typed.replace(",", " ").split()


def _micro(credits_: Decimal | None) -> int | None:
    return None if credits_ is None else int(credits_ * MICRO_PER_CREDIT)


def values_from(upload: Upload) -> dict[str, Any]:
    """What the file's own metadata says (uploads.file_metadata.FileSummary), as a start."""
    title = upload.metadata.get("title") or PurePath(upload.file_name).stem
    return {
        "title": title.replace("_", " ").replace("-", " ").strip()[:80],
        "trigger_words": upload.metadata.get("trigger_words", ""),
    }
