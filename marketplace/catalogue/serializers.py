"""Styles, versions and terms as the API shows and takes them."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from marketplace.api.fields import Text
from marketplace.catalogue.channels import Channel, Opening, open_channel, openings
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import BaseModel, Example, Style, StyleVersion
from marketplace.catalogue.selectors import credit_of
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

CHANNELS = [channel.value for channel in Channel]


class AskedStylesSerializer(serializers.Serializer[dict[str, str]]):
    search = serializers.CharField(
        max_length=100, allow_blank=True, default="", help_text="Words in the title, trigger words or creator's name."
    )
    base_model = serializers.SlugField(
        max_length=50, allow_blank=True, default="", help_text="Only styles for this base (its slug)."
    )
    channel = serializers.ChoiceField(
        choices=CHANNELS,
        allow_blank=True,
        default="",
        help_text="Only styles with a version that is by now for partners and programs alone, for subscribers "
        "(`members`) too, or for everyone.",
    )


class ExampleSerializer(serializers.ModelSerializer[Example]):
    picture = serializers.SerializerMethodField(help_text="Its address, or null until the hub has drawn it.")

    class Meta:
        model = Example
        fields = ("prompt", "picture")
        read_only_fields = fields

    def get_picture(self, example: Example) -> str | None:
        if not example.is_drawn:
            return None
        address = reverse("pages:example", args=[example.pk, example.image_sha256])
        return str(self.context["request"].build_absolute_uri(address))


class BaseModelSerializer(serializers.ModelSerializer[BaseModel]):
    examples = ExampleSerializer(many=True, help_text="What it draws without any style.")

    class Meta:
        model = BaseModel
        fields = (
            "slug",
            "title",
            "summary",
            "licence",
            "default_side",
            "min_side",
            "max_side",
            "default_steps",
            "default_guidance",
            "has_refiner",
            "examples",
        )


class TrainingSourceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    consent = serializers.ChoiceField(choices=[(consent.value, consent.value) for consent in Consent])
    url = serializers.CharField(max_length=500, allow_blank=True, default="")


class ArtistSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    consents = serializers.BooleanField()


class NamesField(serializers.ListField):
    child = serializers.CharField()


class LicenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()


class OpeningSerializer(serializers.Serializer[Opening]):
    channel = serializers.ChoiceField(choices=CHANNELS)
    opens_at = serializers.DateTimeField()


class VersionSerializer(serializers.ModelSerializer[StyleVersion]):
    base_model = serializers.CharField(source="pack.base_model.slug")
    kind = serializers.CharField(source="pack.kind", help_text="lora, fine_tune or embedding")
    cover = serializers.SerializerMethodField(help_text="Address of its sample picture, or null while there is none.")
    sample_prompt = serializers.CharField(help_text="What the cover is drawn from.")
    examples = serializers.SerializerMethodField(
        help_text="What the hub drew with it, the cover first; nothing once it is withdrawn."
    )
    channel = serializers.SerializerMethodField(help_text="Whom it is for by now.")
    channels = serializers.SerializerMethodField(help_text="When each of them may use it, in their order.")
    licence = serializers.SerializerMethodField()
    credit = serializers.SerializerMethodField(help_text="The line that must go with each picture; empty if none must.")
    training_sources = TrainingSourceSerializer(many=True)
    artists_imitated = ArtistSerializer(many=True)
    territory = NamesField(help_text="Countries for which partners may license it; empty for every one.")
    partners = NamesField(help_text="Slugs of the partners that may license it; empty for every one.")
    opt_outs = NamesField(help_text="What its creator rules out for machines.")

    class Meta:
        model = StyleVersion
        fields: tuple[str, ...] = (
            "id",
            "number",
            "state",
            "published_at",
            "base_model",
            "kind",
            "trigger_words",
            "sample_prompt",
            "cover",
            "examples",
            "licence",
            "attribution",
            "credit",
            "price_micro",
            "download_price_micro",
            "members_from",
            "public_from",
            "channel",
            "channels",
            "creator_share_bp",
            "derivatives_share_bp",
            "parents",
            "training_sources",
            "artists_imitated",
            "outputs_may_train",
            "may_be_merged",
            "may_be_derived",
            "may_be_resold",
            "commercial_use",
            "credit_required",
            "territory",
            "partners",
            "expires",
            "opt_outs",
        )
        read_only_fields = fields

    def get_cover(self, version: StyleVersion) -> str | None:
        return ExampleSerializer(context=self.context).get_picture(version.cover) if version.cover else None

    @extend_schema_field(ExampleSerializer(many=True))
    def get_examples(self, version: StyleVersion) -> Any:
        examples = version.examples.all() if version.is_published else ()
        return ExampleSerializer(examples, many=True, context=self.context).data

    @extend_schema_field(serializers.ChoiceField(choices=CHANNELS))
    def get_channel(self, version: StyleVersion) -> str:
        return open_channel(version, timezone.now())

    @extend_schema_field(OpeningSerializer(many=True))
    def get_channels(self, version: StyleVersion) -> Any:
        return [OpeningSerializer(opening).data for opening in openings(version)]

    @extend_schema_field(LicenceSerializer)
    def get_licence(self, version: StyleVersion) -> dict[str, str]:
        licence = LICENCES.get(version.licence)
        if licence is None:
            return {"id": version.licence, "title": version.licence, "summary": ""}
        return {name: str(value) for name, value in asdict(licence).items() if name in {"id", "title", "summary"}}

    def get_credit(self, version: StyleVersion) -> str:
        return credit_of(version)


class StyleSerializer(serializers.ModelSerializer[Style]):
    creator = serializers.CharField(source="creator.display_name")
    creator_id = serializers.IntegerField(help_text="By which a subscription to this creator is asked for.")
    latest = VersionSerializer()

    class Meta:
        model = Style
        fields: tuple[str, ...] = ("slug", "title", "description", "creator", "creator_id", "created_at", "latest")


class StylePageSerializer(StyleSerializer):
    versions = VersionSerializer(many=True)

    class Meta(StyleSerializer.Meta):
        fields = (*StyleSerializer.Meta.fields, "versions")


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
