"""Reads JSON bodies; the framework's own parser sets no limit to their length, their depth or the items in them."""

from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

from marketplace.api.bodies import refuse_if_cut

# One more than is accepted, so that the reader can tell.
MAX_PICTURE_BYTES = 16 * 2**20 + 1
MOST_ITEMS = 10_000
MOST_LEVELS = 32


class BoundedJSONParser(JSONParser):
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises ParseError, and RequestDataTooBig for more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""
        if parser_context:
            request = parser_context["request"]._request
            # Django checks the length here; `stream` reads from it afterwards.
            refuse_if_cut(request, len(request.body), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:  # thousands of brackets within each other
            raise ParseError from error
        _refuse_shape(data)
        return data


def _refuse_shape(data: Any) -> None:
    """Raises ParseError for what nobody sends in earnest: fields would be checked one by one, for minutes."""
    level, depth = [data], 0
    while level:
        if depth > MOST_LEVELS or any(len(each) > MOST_ITEMS for each in level if isinstance(each, (list, dict))):
            raise ParseError(code="too_many_items")
        level = [part for each in level if isinstance(each, (list, dict)) for part in _parts(each)]
        depth += 1


def _parts(data: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return data.values() if isinstance(data, dict) else data


class PictureParser(BaseParser):
    """A picture as the body, up to a length that the service refuses."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The bytes. Raises UnreadablePostError where not all came."""
        content = stream.read(MAX_PICTURE_BYTES)
        if parser_context:
            refuse_if_cut(parser_context["request"]._request, len(content), MAX_PICTURE_BYTES)
        return content
