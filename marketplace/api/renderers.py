"""Writes JSON in one way, whatever the client accepts: what is the same has the same bytes, and so the same ETag."""

from typing import Any

from rest_framework.renderers import JSONRenderer


class PlainJSONRenderer(JSONRenderer):
    def get_indent(self, accepted_media_type: str, renderer_context: Any) -> None:  # noqa: ARG002 - the framework's signature
        return None
