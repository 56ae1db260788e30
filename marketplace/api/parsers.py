"""Reads JSON bodies; the framework's own parser sets no limit to their length or depth."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

# One more than is accepted, so that the reader can tell.
MAX_PICTURE_BYTES = 16 * 2**20 + 1


class BoundedJSONParser(JSONParser):
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises ParseError, and RequestDataTooBig for more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""
        if parser_context:
            _ = parser_context["request"].body  # Django checks the length here; `stream` reads from it afterwards
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:  # thousands of brackets within each other
            raise ParseError from error


class PictureParser(BaseParser):
    """A picture as the body, up to a length that the service refuses."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> Any:
        """The bytes."""
        return stream.read(MAX_PICTURE_BYTES)
