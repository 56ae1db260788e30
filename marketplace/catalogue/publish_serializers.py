"""The terms of a new version as the API takes them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from marketplace.api.fields import Text
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.serializers import ArtistSerializer, NamesField, TrainingSourceSerializer
from marketplace.catalogue.terms import (
    MAX_EXAMPLES,
    Artist,
    Consent,
    Contributor,
    ContributorKind,
    PublishTerms,
    TrainingSource,
)
from marketplace.licences.policy import OPT_OUTS

LISTS = ("example_prompts", "parents", "territory", "partners", "opt_outs")


class ContributorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in ContributorKind])
    payee = serializers.CharField(help_text="A person's e-mail address here, or a content library's slug.")
    share_bp = serializers.IntegerField(help_text="Of each sale, in 1/10,000; taken from your share.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new style",
            {
                "upload": "5f0c1d9e-7b1a-4c55-8a55-0d8c0e0e6a4e",
                "title": "Washed Ink",
                "trigger_words": "washed ink",
                "sample_prompt": "a harbour at dawn, washed ink",
                "licence": "irodori-standard",
                "price_micro": 20_000,
                "creator_share_bp": 7_000,
                "training_sources": [{"name": "My own ink drawings", "consent": "own_work"}],
            },
            request_only=True,
        )
    ]
)
class PublishSerializer(serializers.Serializer[Any]):
    """Lengths, ranges and consent are the service's to judge: one place, one wording."""

    upload = serializers.UUIDField(help_text="A ready upload of yours.")
    style = serializers.SlugField(  # type: ignore[assignment]  # DRF takes fields out of the class: nothing is hidden
        required=False, allow_null=True, help_text="One of your styles, for its next version."
    )
    title = Text(allow_blank=True)
    description = Text(allow_blank=True, default="")
    trigger_words = Text(allow_blank=True, default="")
    sample_prompt = Text(allow_blank=True, help_text="The cover is drawn from it.")
    example_prompts = serializers.ListField(
        child=Text(allow_blank=True),
        default=list,
        help_text=f"A further picture is drawn from each; at most {MAX_EXAMPLES}.",
    )
    licence = serializers.CharField(help_text=f"One of {', '.join(LICENCES)}.")
    attribution = serializers.CharField(
        allow_blank=True, default="", help_text="Whom the training sources want named; it ends the credit line."
    )
    price_micro = serializers.IntegerField(help_text="Per picture, in 1e-6 USD: 10,000 is one credit.")
    creator_share_bp = serializers.IntegerField(help_text="Your part of the price in 1/10,000, at most 9,000.")
    download_price_micro = serializers.IntegerField(
        default=None, allow_null=True, help_text="What the file itself costs; null keeps it here."
    )
    api_first_days = serializers.IntegerField(
        default=0, help_text="Days on which only partners and programs may use it."
    )
    early_access_days = serializers.IntegerField(
        default=0, help_text="Days after those on which only they and your subscribers may use it."
    )
    organisation = serializers.SlugField(
        required=False, allow_null=True, help_text="One of yours, which a new style then earns for."
    )
    parents = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        default=list,
        help_text="Ids of the versions that it derives from.",
    )
    derivatives_share_bp = serializers.IntegerField(
        default=0, help_text="What you ask of the price of each version that derives from it, at most 5,000."
    )
    contributors = ContributorSerializer(many=True, default=())
    training_sources = TrainingSourceSerializer(many=True)
    artists_imitated = ArtistSerializer(many=True, default=())
    outputs_may_train = serializers.BooleanField(default=False)
    may_be_merged = serializers.BooleanField(default=False)
    may_be_derived = serializers.BooleanField(default=False)
    may_be_resold = serializers.BooleanField(default=False)
    commercial_use = serializers.BooleanField(
        default=False,
        help_text="May pictures be used in business? Open licences allow it by themselves, and so does resale.",
    )
    credit_required = serializers.BooleanField(
        default=False,
        help_text="Must the credit line go with each picture, where the licence does not ask for it itself?",
    )
    territory = NamesField(
        default=list, help_text="Countries for which partners may license it, as ISO 3166 codes; empty for every one."
    )
    partners = NamesField(
        default=list, help_text="Slugs of the organisations that may license it; empty for every one."
    )
    expires = serializers.DateField(
        default=None, allow_null=True, help_text="The last day on which new pictures are made and licences granted."
    )
    opt_outs = NamesField(
        default=list,
        help_text=f"What machines are told is ruled out, of {', '.join(OPT_OUTS)}; the first three also by outputs_may_train.",
    )

    def terms(self) -> PublishTerms:
        fields = {name: value for name, value in self.validated_data.items() if name != "upload"}
        sources = tuple(
            TrainingSource(source["name"], Consent(source["consent"]), source["url"])
            for source in fields.pop("training_sources")
        )
        artists = tuple(Artist(**artist) for artist in fields.pop("artists_imitated"))
        contributors = tuple(
            Contributor(ContributorKind(one["kind"]), one["payee"], one["share_bp"])
            for one in fields.pop("contributors")
        )
        lists: dict[str, Any] = {name: tuple(fields.pop(name)) for name in LISTS}
        return PublishTerms(
            training_sources=sources,
            artists_imitated=artists,
            contributors=contributors,
            **lists,
            **fields,
        )
