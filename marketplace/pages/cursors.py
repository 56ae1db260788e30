"""Pages of a long list by cursor, as the API's lists have them: the hundredth is as fast as the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from marketplace.api.pagination import NEWEST_FIRST, NewestFirst


@dataclass(frozen=True)
class CursorPage:
    """`newer` and `older` are the addresses of its neighbours."""

    rows: Sequence[Any]
    newer: str | None
    older: str | None


class _OnAPage(NewestFirst):
    usual = 24


def cursor_page(request: HttpRequest, rows: Any, order: Sequence[str] = NEWEST_FIRST) -> CursorPage:
    """Newest first by `order`, the page that `?cursor=` names. Raises InvalidInput for a cursor that no page gave out."""
    paginator = _OnAPage()
    found = paginator.paginate_queryset(rows, Request(request), SimpleNamespace(order=order))
    links = paginator.get_paginated_response(None).data
    return CursorPage(found, links["previous"], links["next"])
