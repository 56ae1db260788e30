"""Lists come newest first, a page at a time, by cursor: stable while rows are added."""

from datetime import UTC

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from marketplace.errors import InvalidInput


class NewestFirst(CursorPagination):
    ordering = "-created_at"
    page_size_query_param = "limit"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises InvalidInput for a cursor that no list gave out."""
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor and cursor.position is not None:
                _check_time(str(cursor.position))
        except (NotFound, ValueError, OverflowError) as error:
            message = _("This cursor is none that a list gave out. Leave it out to start from the first page.")
            raise InvalidInput(message, code="bad_cursor", field="cursor") from error
        return cursor


def _check_time(position: str) -> None:
    """Raises ValueError or OverflowError for what the database could not compare with a row's time."""
    time = parse_datetime(position)
    if time is None or time.tzinfo is None:
        raise ValueError(position)
    time.astimezone(UTC)
