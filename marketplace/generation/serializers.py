"""The JSON of generations: what is asked, what is answered. Rules live in validation.py, not here."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from marketplace.api.fields import QuickFields, Text
from marketplace.generation.answer_json import json_of
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.pricing import Quote, QuoteLine
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.selectors import VersionStatement
from marketplace.payouts.parts import ROLES, SplitLine

IMAGE = {
    "base_model": "irodori-small",
    "adapters": [{"version": 1, "weight": 0.8}],
    "width": 128,
    "height": 128,
    "steps": 20,
    "seed": 7,
}


class AdapterChoiceSerializer(serializers.Serializer[AdapterChoice]):
    version = serializers.IntegerField(help_text="Id of a published style version.")
    weight = serializers.FloatField(default=1.0, help_text="How strongly, from -2 to 2. It never changes the price.")


@extend_schema_serializer(examples=[OpenApiExample("An image", IMAGE, request_only=True)])
class QuoteRequestSerializer(QuickFields, serializers.Serializer[GenerationRequest]):
    """An image that may be ordered; without a prompt, which costs nothing."""

    base_model = serializers.CharField(help_text="Slug of a base model.")
    adapters = AdapterChoiceSerializer(many=True, default=list)
    width = serializers.IntegerField(default=None, allow_null=True, help_text="In pixels; the base's own if left out.")
    height = serializers.IntegerField(default=None, allow_null=True, help_text="In pixels; the base's own if left out.")
    steps = serializers.IntegerField(default=None, allow_null=True, help_text="The base's own if left out.")
    guidance_scale = serializers.FloatField(default=None, allow_null=True, help_text="The base's own if left out.")
    seed = serializers.IntegerField(default=None, allow_null=True, help_text="Random if left out.")
    scheduler = serializers.CharField(default="", allow_blank=True, help_text="The engine's first if left out.")
    resale = serializers.BooleanField(default=False, help_text="Do you mean to resell the image?")
    picture = serializers.CharField(
        default="", allow_blank=True, help_text="Hash of a picture you sent, to start from."
    )
    mask = serializers.CharField(
        default="", allow_blank=True, help_text="Hash of a mask you sent: white is drawn anew."
    )
    strength = serializers.FloatField(
        default=None, allow_null=True, help_text="How much of the picture is drawn anew, from 0 to 1; 0.6 if left out."
    )
    refiner_start = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="From 0.01 to 0.99: the refiner takes over once the base removed this part of the noise; never if left out.",
    )

    def request(self, *, by_program: bool) -> GenerationRequest:
        """What valid data asks for, with a token or in a browser."""
        fields: dict[str, Any] = dict(self.validated_data)
        fields.pop("quote", None)
        adapters = tuple(AdapterChoice(use["version"], use["weight"]) for use in fields.pop("adapters"))
        return GenerationRequest(**{"prompt": ""} | fields, adapters=adapters, by_program=by_program)


@extend_schema_serializer(
    examples=[OpenApiExample("A fox", IMAGE | {"prompt": "a fox on a blue background"}, request_only=True)]
)
class GenerationRequestSerializer(QuoteRequestSerializer):
    """One image to make."""

    # Nothing is trimmed or refused here, so that pages and programs are told the same by the same rules.
    prompt = Text(trim_whitespace=False, allow_blank=True)
    negative_prompt = Text(default="", trim_whitespace=False, allow_blank=True)
    quote = serializers.CharField(
        default="", allow_blank=True, help_text="From a quote for this very image: its price then holds."
    )


class PictureSerializer(serializers.Serializer[dict[str, str]]):
    sha256 = serializers.CharField(help_text="By which your requests name it.")


class SplitLineSerializer(serializers.Serializer[SplitLine]):
    payee = serializers.CharField()
    role = serializers.CharField(help_text=f"One of {', '.join(ROLES)}.")
    amount_micro = serializers.IntegerField()


class QuoteLineSerializer(serializers.Serializer[QuoteLine]):
    version = serializers.IntegerField(source="version.pk")
    title = serializers.CharField(source="version.style.title")
    price_micro = serializers.IntegerField()


class QuoteSerializer(serializers.Serializer[Quote]):
    compute_micro = serializers.IntegerField()
    lines = QuoteLineSerializer(many=True)
    total_micro = serializers.IntegerField()
    split = SplitLineSerializer(many=True)
    quote = serializers.SerializerMethodField(help_text="Name it in the order to get this price.")
    expires_at = serializers.SerializerMethodField()

    def get_quote(self, _quote: Quote) -> str:
        return str(self.context["token"].text)

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_expires_at(self, _quote: Quote) -> Any:
        return self.context["token"].expires_at


class AdapterUseSerializer(serializers.Serializer[GenerationAdapter]):
    version = serializers.IntegerField(source="version_id")
    title = serializers.CharField(source="version.style.title")
    weight = serializers.FloatField()
    price_micro = serializers.IntegerField()


class ImageSerializer(serializers.Serializer[Generation]):
    url = serializers.SerializerMethodField()
    sha256 = serializers.CharField(source="image_sha256")
    media_type = serializers.CharField(source="image_media_type")
    width = serializers.IntegerField()
    height = serializers.IntegerField()

    def get_url(self, generation: Generation) -> str:
        url: str = self.context["request"].build_absolute_uri(reverse("api:generation-image", args=[generation.pk]))
        return url


class FailureSerializer(serializers.Serializer[Generation]):
    code = serializers.CharField(source="failure_code")
    message = serializers.SerializerMethodField()

    def get_message(self, generation: Generation) -> str:
        return gettext(generation.failure_message) if generation.failure_message else ""


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    base_model = serializers.CharField(source="base_model.slug")
    adapters = AdapterUseSerializer(many=True)
    picture = serializers.CharField(source="picture_sha256", help_text="The picture it started from; empty for none.")
    mask = serializers.CharField(source="mask_sha256", help_text="White was drawn anew; empty for none.")
    place_in_queue = serializers.IntegerField(read_only=True, help_text="1 for the next to be drawn, 0 if not waiting.")
    eta_seconds = serializers.FloatField(
        read_only=True, allow_null=True, help_text="A guess from recent images; null if nothing says."
    )
    split = SplitLineSerializer(many=True, read_only=True)
    credit_lines = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What must be said beside the image, wherever it goes."
    )
    shared_under = serializers.CharField(
        read_only=True,
        help_text="Id of the licence that the image must be passed on under; empty where you may choose.",
    )
    commercial_use = serializers.BooleanField(read_only=True, help_text="May the image be used in business?")
    image = ImageSerializer(read_only=True, allow_null=True)
    failure = FailureSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Generation
        fields = (
            "id",
            "state",
            "step",
            "steps",
            "place_in_queue",
            "eta_seconds",
            "base_model",
            "prompt",
            "negative_prompt",
            "adapters",
            "width",
            "height",
            "guidance_scale",
            "seed",
            "scheduler",
            "resale",
            "picture",
            "mask",
            "strength",
            "refiner_start",
            "price_micro",
            "currency",
            "split",
            "credit_lines",
            "shared_under",
            "commercial_use",
            "image",
            "failure",
            "created_at",
            "finished_at",
        )
        # Put together by another API, they may be longer than what a request here may send.
        extra_kwargs: ClassVar = {"prompt": {"max_length": None}, "negative_prompt": {"max_length": None}}

    def to_representation(self, generation: Generation) -> dict[str, Any]:
        """The fields above say what it is, in the documentation; it is written by answer_json.py."""
        told = json_of(generation)
        if generation.state == Generation.State.SUCCEEDED:
            told["image"] = ImageSerializer(generation, context=self.context).data
        elif generation.state == Generation.State.FAILED:
            told["failure"] = FailureSerializer(generation).data
        return told


class VersionStatementSerializer(serializers.Serializer[VersionStatement]):
    version = serializers.IntegerField(source="version.pk")
    title = serializers.CharField(source="version.style.title")
    number = serializers.IntegerField(source="version.number")
    images = serializers.IntegerField()
    amount_micro = serializers.IntegerField()


class EarningsSerializer(serializers.Serializer[dict[str, object]]):
    earnings_micro = serializers.IntegerField()
    currency = serializers.CharField()
    versions = VersionStatementSerializer(many=True)
