"""Uploads as the API shows and takes them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from hub.jobs import MOST_NAMES
from hub.object_store import Part
from marketplace.api.fields import Text
from marketplace.uploads.models import Upload


class RefusalSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField(help_text="What is wrong and what to do.")
    names = serializers.ListField(
        child=serializers.CharField(),
        help_text=f"All tensors or modules of the file that it is about, in order; the first {MOST_NAMES:,} where there are more.",
    )


class FileSummarySerializer(serializers.Serializer[Any]):
    """What the file says of itself, to fill the publishing form with."""

    title = serializers.CharField()
    trigger_words = serializers.CharField()
    base_version = serializers.CharField()
    network_dim = serializers.IntegerField(allow_null=True)
    network_alpha = serializers.FloatField(allow_null=True)
    steps = serializers.IntegerField(allow_null=True)


class LayerErrorSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    error = serializers.FloatField(help_text="The part of this layer's change that the LoRA misses.")
    share = serializers.FloatField(help_text="This layer's part of the whole change.")


class ExtractionSerializer(serializers.Serializer[Any]):
    """How far a LoRA that the hub made is from the model."""

    error = serializers.FloatField(help_text="The part of the change that the LoRA misses: 0 is none, 1 is all.")
    left_out = serializers.IntegerField(help_text="Changed parameters that no LoRA can express.")
    layers = LayerErrorSerializer(many=True, help_text="Those that matter most first.")
    picture_difference = serializers.FloatField(help_text="LoRA against model, mean levels of 256.")
    picture_effect = serializers.FloatField(help_text="Base against model, mean levels of 256.")


class UploadSerializer(serializers.ModelSerializer[Upload]):
    base_model = serializers.CharField(source="base_model.slug")
    part_count = serializers.IntegerField()
    kind = serializers.SerializerMethodField(help_text="lora, fine_tune or embedding, once it is ready.")
    metadata = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()
    extracted_from = serializers.UUIDField(
        source="extracted_from_id", allow_null=True, help_text="Of a LoRA that the hub made: the model's upload."
    )
    extraction = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = (
            "id",
            "file_name",
            "base_model",
            "size",
            "part_size",
            "part_count",
            "state",
            "created_at",
            "sha256",
            "format",
            "kind",
            "metadata",
            "refusal",
            "extracted_from",
            "extraction",
        )

    def get_kind(self, upload: Upload) -> str | None:
        return upload.pack.kind if upload.pack else None

    @extend_schema_field(FileSummarySerializer(allow_null=True))
    def get_metadata(self, upload: Upload) -> dict[str, Any] | None:
        return upload.metadata or None

    @extend_schema_field(ExtractionSerializer(allow_null=True))
    def get_extraction(self, upload: Upload) -> dict[str, Any] | None:
        return upload.extraction or None

    @extend_schema_field(RefusalSerializer(allow_null=True))
    def get_refusal(self, upload: Upload) -> dict[str, Any] | None:
        if not upload.refusal_code:
            return None
        return {"code": upload.refusal_code, "message": upload.refusal_message, "names": upload.refusal_names}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A LoRA",
            {"file_name": "washed-ink.safetensors", "size": 4_194_304, "base_model": "irodori-small"},
            request_only=True,
        )
    ]
)
class StartUploadSerializer(serializers.Serializer[Any]):
    file_name = Text(trim_whitespace=False)
    size = serializers.IntegerField(help_text="In bytes; the file that arrives must have exactly as many.")
    base_model = serializers.CharField(help_text="The base the file was made for.")


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1)
    etag = serializers.CharField(max_length=200, help_text="The ETag header that the store answered to the PUT.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Of one part",
            {"parts": [{"number": 1, "etag": '"9b2cf535f27731c974343645a3985328"'}]},
            request_only=True,
        )
    ]
)
class CompleteSerializer(serializers.Serializer[Any]):
    parts = serializers.ListField(child=PartSerializer(), max_length=10_000)

    def listed(self) -> list[Part]:
        return [Part(part["number"], part["etag"]) for part in self.validated_data["parts"]]


class PartUrlSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="PUT the part's bytes here within 15 minutes.")
