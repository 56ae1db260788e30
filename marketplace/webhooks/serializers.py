"""Webhooks as JSON, and what requests about them must look like."""

import json
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from marketplace.events import Kind
from marketplace.webhooks.kinds import TEST
from marketplace.webhooks.models import Attempt, Delivery, Endpoint

NEW = {"url": "https://hooks.example.org/irodori", "kinds": ["generation.succeeded"], "description": "The picture desk"}


@extend_schema_serializer(examples=[OpenApiExample("Finished images", NEW, request_only=True)])
class NewEndpointSerializer(serializers.Serializer[Endpoint]):
    url = serializers.CharField(help_text="https, on port 443 or 8443, at a public address.")
    kinds = serializers.ListField(
        child=serializers.CharField(), max_length=100, default=list, help_text="Of which events; empty for all."
    )
    description = serializers.CharField(allow_blank=True, default="", help_text="For you, at most 200 characters.")


@extend_schema_serializer(
    examples=[OpenApiExample("On again, for all events", {"kinds": [], "enabled": True}, request_only=True)]
)
class EndpointChangesSerializer(serializers.Serializer[Endpoint]):
    url = serializers.CharField(required=False)
    kinds = serializers.ListField(child=serializers.CharField(), max_length=100, required=False)
    description = serializers.CharField(allow_blank=True, required=False)
    enabled = serializers.BooleanField(required=False, help_text="False switches it off, true on again.")


class EndpointSerializer(serializers.Serializer[Endpoint]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Empty for all.")
    description = serializers.CharField()
    enabled = serializers.BooleanField(source="is_on")
    disabled_by = serializers.CharField(source="disabled", help_text="Empty, `owner`, `failing` or `gone`.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="The first failure since the last success; null for none."
    )
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before signs too; null for never."
    )
    created_at = serializers.DateTimeField()


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Begins with `whsec_`. Shown this once.")


class MadeEndpointSerializer(EndpointSerializer):
    secret = serializers.CharField(help_text="Begins with `whsec_`. Shown this once.")


class KindSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.SerializerMethodField(help_text="JSON Schema of `data`.")
    example = serializers.SerializerMethodField()

    def get_schema(self, kind: Kind[Any]) -> dict[str, Any]:
        schema: dict[str, Any] = kind.data.model_json_schema()
        return schema

    def get_example(self, kind: Kind[Any]) -> dict[str, Any]:
        example: dict[str, Any] = kind.example.model_dump(mode="json")
        return example


class DeliverySerializer(serializers.Serializer[Delivery]):
    id = serializers.UUIDField()
    webhook_id = serializers.CharField(source="message_id", help_text="The header of that name, in every attempt.")
    kind = serializers.CharField(source="message.kind")
    test = serializers.BooleanField(source="message.is_test")
    state = serializers.CharField(help_text="`waiting`, `delivered` or `failed`.")
    attempts = serializers.IntegerField(source="attempt", help_text="Made so far.")
    next_attempt_at = serializers.SerializerMethodField(help_text="Null where none follows.")
    created_at = serializers.DateTimeField()

    def get_next_attempt_at(self, delivery: Delivery) -> str | None:
        if delivery.state != Delivery.State.WAITING:
            return None
        return serializers.DateTimeField().to_representation(delivery.due_at)


class AttemptSerializer(serializers.Serializer[Attempt]):
    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    seconds = serializers.FloatField(allow_null=True, help_text="Null where nothing is known of it.")
    url = serializers.CharField()
    address = serializers.CharField(help_text="The IP address that it went to; empty where there was no connection.")
    request_headers = serializers.DictField(child=serializers.CharField())
    problem = serializers.CharField(help_text="Empty for success.")
    status = serializers.IntegerField(allow_null=True, help_text="Of the answer; null where there was none.")
    response_headers = serializers.DictField(child=serializers.CharField())
    response_body = serializers.CharField(help_text="Its first 2,048 bytes.")


class DeliveryWithAttemptsSerializer(DeliverySerializer):
    payload = serializers.SerializerMethodField(help_text="The JSON that is sent.")
    attempts_made = AttemptSerializer(many=True, help_text="The newest first.")

    def get_payload(self, delivery: Delivery) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(delivery.message.body)
        return payload


@extend_schema_serializer(
    examples=[OpenApiExample("After a bad day", {"since": "2026-11-25T00:00:00Z"}, request_only=True)]
)
class SinceSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="What happened from then on and failed is sent again.")


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField(help_text="How many deliveries.")


@extend_schema_serializer(
    examples=[OpenApiExample("A finished image", {"kind": "generation.succeeded"}, request_only=True)]
)
class TestEventSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(default=TEST, help_text="Its example is sent, marked with `test`.")
