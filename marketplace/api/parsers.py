"""Reads JSON bodies; the framework's own parser sets no limit to their length or depth."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


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
