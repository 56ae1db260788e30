"""The JSON of batches: what is asked, what is answered. Rules live in the generation app, as for one image."""

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.fields import empty

from marketplace.batches.models import Batch, BatchItem
from marketplace.batches.pricing import BatchQuote
from marketplace.batches.selectors import Standing, standing
from marketplace.batches.services import MOST_ITEMS
from marketplace.generation.models import Generation
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.serializers import (
    FailureSerializer,
    GenerationRequestSerializer,
    ImageSerializer,
    SplitLineSerializer,
)


class ChoicesSerializer(GenerationRequestSerializer):
    """What an order of one image holds, all of it optional."""

    quote = None  # type: ignore[assignment]  # the framework's own way to drop a field

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for each in fields.values():
            each.required, each.default = False, empty
        return fields


FOXES = {
    "defaults": {"base_model": "irodori-small", "width": 128, "height": 128, "steps": 20},
    "prompts": ["a fox on a blue background", "a fox in the snow"],
}


@extend_schema_serializer(examples=[OpenApiExample("Two images", FOXES, request_only=True)])
class BatchRequestSerializer(serializers.Serializer[list[GenerationRequest]]):
    defaults = ChoicesSerializer(required=False, help_text="What all images have, where they say nothing else.")
    items = ChoicesSerializer(  # type: ignore[call-arg]  # a list's own keyword, which the stubs leave out
        many=True,
        required=False,
        max_length=MOST_ITEMS,
        help_text="One for each image: what differs from the defaults.",
    )
    prompts = serializers.ListField(
        child=serializers.CharField(trim_whitespace=False, allow_blank=True),
        required=False,
        max_length=MOST_ITEMS,
        help_text="Images that differ by their prompt alone; they follow those of `items`.",
    )

    def requests(self, *, by_program: bool) -> list[GenerationRequest]:
        """What valid data asks for, in its order, with a token or in a browser."""
        asked = self.validated_data
        own = [*asked.get("items", ()), *({"prompt": prompt} for prompt in asked.get("prompts", ()))]
        common = {"by_program": by_program, **asked.get("defaults", {})}
        return [_request({**common, **each}) for each in own]


@extend_schema_serializer(examples=[OpenApiExample("Two images", FOXES | {"name": "Foxes"}, request_only=True)])
class BatchOrderSerializer(BatchRequestSerializer):
    name = serializers.CharField(default="", allow_blank=True, max_length=120, help_text="For you to know it by.")
    quote = serializers.CharField(
        default="", allow_blank=True, help_text="From a quote for this very batch: its price then holds."
    )


def _request(fields: dict[str, Any]) -> GenerationRequest:
    adapters = tuple(AdapterChoice(use["version"], use["weight"]) for use in fields.get("adapters", ()))
    return GenerationRequest(**{"base_model": "", "prompt": "", **fields, "adapters": adapters})


class BatchQuoteSerializer(serializers.Serializer[BatchQuote]):
    size = serializers.IntegerField(help_text="How many images.")
    total_micro = serializers.IntegerField()
    split = SplitLineSerializer(many=True)
    quote = serializers.SerializerMethodField(help_text="Name it in the order to get this price.")
    expires_at = serializers.SerializerMethodField()

    def get_quote(self, _quote: BatchQuote) -> str:
        return str(self.context["token"].text)

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_expires_at(self, _quote: BatchQuote) -> Any:
        return self.context["token"].expires_at


class CountsSerializer(serializers.Serializer[dict[str, int]]):
    """Images by their state."""

    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """`price_micro` was held for all of it; `paid_micro` is for what was delivered."""

    counts = serializers.SerializerMethodField()
    paid_micro = serializers.SerializerMethodField()
    eta_seconds = serializers.SerializerMethodField(help_text="A guess from the seconds that steps took; or null.")

    class Meta:
        model = Batch
        fields = (
            "id",
            "name",
            "size",
            "counts",
            "price_micro",
            "paid_micro",
            "currency",
            "eta_seconds",
            "created_at",
            "finished_at",
        )

    @extend_schema_field(CountsSerializer)
    def get_counts(self, batch: Batch) -> Any:
        return dict(self._standing(batch).counts)

    def get_paid_micro(self, batch: Batch) -> int:
        return self._standing(batch).paid_micro

    def get_eta_seconds(self, batch: Batch) -> float | None:
        return self._standing(batch).eta_seconds

    def _standing(self, batch: Batch) -> Standing:
        known: dict[Any, Standing] = self.context["standings"]
        if batch.pk not in known:
            known[batch.pk] = standing(batch)
        return known[batch.pk]


class BatchItemSerializer(serializers.ModelSerializer[BatchItem]):
    """What became of one image. Its `generation` has an address of its own, with everything about it."""

    generation = serializers.UUIDField(source="generation_id")
    state = serializers.CharField(source="generation.state", help_text="As of a generation.")
    prompt = serializers.CharField(source="generation.prompt")
    seed = serializers.IntegerField(source="generation.seed")
    price_micro = serializers.IntegerField(source="generation.price_micro")
    image = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

    class Meta:
        model = BatchItem
        fields = ("number", "generation", "state", "prompt", "seed", "price_micro", "image", "failure")

    @extend_schema_field(ImageSerializer(allow_null=True))
    def get_image(self, item: BatchItem) -> Any:
        if item.generation.state != Generation.State.SUCCEEDED:
            return None
        return ImageSerializer(item.generation, context=self.context).data

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, item: BatchItem) -> Any:
        failed = item.generation.state == Generation.State.FAILED
        return FailureSerializer(item.generation).data if failed else None


def address_of(batch: Batch) -> str:
    return reverse("api:batch", args=[batch.pk])
