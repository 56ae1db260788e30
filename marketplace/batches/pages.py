"""Pages of a batch's images, by their numbers."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from marketplace.batches.services import MOST_ITEMS
from marketplace.errors import InvalidInput


class ByNumber(CursorPagination):
    ordering = "number"
    page_size_query_param = "limit"
    page_size = 100
    max_page_size = MOST_ITEMS

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises InvalidInput for a cursor that no list gave out."""
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor and cursor.position is not None and not 0 <= int(cursor.position) < 2**31:
                raise ValueError(cursor.position)
        except (NotFound, ValueError) as error:
            message = _("This cursor is none that a list gave out. Leave it out to start from the first page.")
            raise InvalidInput(message, code="bad_cursor", field="cursor") from error
        return cursor
