"""Styles, versions and their terms as the API shows them."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.catalogue.channels import Channel, Opening, open_channel, openings
from marketplace.catalogue.licences import LICENCES
from marketplace.catalogue.models import BaseModel, Example, Style, StyleVersion
from marketplace.catalogue.selectors import credit_of
from marketplace.catalogue.terms import (
    Consent,
)

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
