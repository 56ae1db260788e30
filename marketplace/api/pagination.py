"""Lists come newest first, a page at a time, by cursor: stable while rows are added."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    ordering = "-created_at"
    page_size_query_param = "limit"
    max_page_size = 100
