"""The requests that the hub makes, in the OpenAPI document: under `webhooks`."""

from typing import Any

from marketplace.events import Kind
from marketplace.webhooks.kinds import kinds

HEADERS = {
    "webhook-id": "The same in every attempt: what you have seen before you may leave out.",
    "webhook-timestamp": "When this attempt was signed, in seconds since 1970. Refuse what is older than five minutes.",
    "webhook-signature": "One or more, between spaces: `v1,` and the Base64 of HMAC-SHA-256 over `id.timestamp.body`.",
}


def add_webhooks(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular."""
    result["webhooks"] = {name: {"post": _operation(kind)} for name, kind in kinds().items()}
    return result


def payload_schema(kind: Kind[Any]) -> dict[str, Any]:
    """Of the whole body."""
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": kind.data.model_json_schema(mode="serialization"),
            "test": {"type": "boolean", "description": "True for what the tester sends; absent otherwise."},
        },
    }


def payload_example(kind: Kind[Any]) -> dict[str, Any]:
    return {
        "type": kind.name,
        "timestamp": "2026-11-26T09:30:00.000Z",
        "data": kind.example.model_dump(mode="json"),
    }


def _operation(kind: Kind[Any]) -> dict[str, Any]:
    content = {"schema": payload_schema(kind), "example": payload_example(kind)}
    return {
        "summary": str(kind.description),
        "operationId": "webhook_" + kind.name.replace(".", "_"),
        "tags": ["webhooks"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"2XX": {"description": "Taken. Every other answer, and none within 20 seconds, is tried again."}},
    }
