"""Lists come newest first, a page at a time, by cursor: a row that is there when one begins comes once, whatever is added.

A cursor names the last row seen, not a number of rows. It is signed with the list's own address, so that what it holds
need not be checked again, and means nothing elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from marketplace.errors import InvalidInput

USUAL, MOST = 50, 100
SALT = "marketplace.api.pagination"
NEWEST_FIRST = ("created_at", "pk")


@dataclass(frozen=True)
class Cursor:
    """The row's `values` of the fields that order the list; `back` for what came before it."""

    values: Sequence[str]
    back: bool


class NewestFirst(BasePagination):
    """By falling `order` of the view; its last field is unique, or rows of one moment would have no place.

    A subclass may have another size of pages, or rise.
    """

    falling = True
    usual, most = USUAL, MOST

    def paginate_queryset(self, queryset: Any, request: Request, view: Any | None = None) -> list[Any]:
        self._request, self._order = request, getattr(view, "order", NEWEST_FIRST)
        limit, self._cursor = self._limit(request), _read(request)
        back = self._cursor is not None and self._cursor.back
        falls = self.falling != back
        ordered = queryset.order_by(*(f"-{name}" if falls else name for name in self._order))
        if self._cursor is not None:
            ordered = ordered.filter(_beyond(self._order, self._cursor.values, "lt" if falls else "gt"))
        rows = list(ordered[: limit + 1])
        self._more, self._rows = len(rows) > limit, rows[:limit]
        if back:
            self._rows.reverse()
        return self._rows

    def get_paginated_response(self, data: Any) -> Response:
        following, previous = self._links()
        links = {"next": following, "prev": previous, "first": self._first() if self._cursor else None}
        link = ", ".join(f'<{address}>; rel="{name}"' for name, address in links.items() if address)
        body = {"next": following, "previous": previous, "results": data}
        return Response(body, headers={"Link": link} if link else {})

    def _limit(self, request: Request) -> int:
        """Raises InvalidInput."""
        asked = request.query_params.get("limit", str(self.usual))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= self.most):
            raise InvalidInput(
                _("Choose a number from %(least)s to %(most)s.") % {"least": 1, "most": self.most},
                code="out_of_range",
                field="limit",
            )
        return int(asked)

    def _links(self) -> tuple[str | None, str | None]:
        """To the next page and to the one before."""
        back = self._cursor is not None and self._cursor.back
        has_next = bool(self._rows) if back else self._more
        has_previous = self._more if back else self._cursor is not None and bool(self._rows)
        return (
            self._address(self._rows[-1], back=False) if has_next else None,
            self._address(self._rows[0], back=True) if has_previous else None,
        )

    def _address(self, row: Model, *, back: bool) -> str:
        values = [str(getattr(row, name)) for name in self._order]
        cursor = signing.dumps([values, back], salt=_salt(self._request))
        return replace_query_param(self._request.build_absolute_uri(), "cursor", cursor)

    def _first(self) -> str:
        return remove_query_param(self._request.build_absolute_uri(), "cursor")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - the framework's signature
        limit = {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.usual}
        return [
            _parameter("cursor", "Where the page begins, from `next` or `previous` of another.", {"type": "string"}),
            _parameter("limit", "How many at most.", limit),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _beyond(order: Sequence[str], values: Sequence[str], step: str) -> Q:
    """Rows after the cursor's: equal in the first fields and beyond it in the next."""
    wanted, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        wanted |= equal & Q(**{f"{name}__{step}": value})
        equal &= Q(**{name: value})
    return wanted


def _read(request: Request) -> Cursor | None:
    """Raises InvalidInput for a cursor that this list gave out to nobody."""
    asked = request.query_params.get("cursor")
    if asked is None:
        return None
    try:
        return Cursor(*signing.loads(asked, salt=_salt(request)))
    except signing.BadSignature as error:
        message = _("This cursor is none that a list gave out. Leave it out to start from the first page.")
        raise InvalidInput(message, code="bad_cursor", field="cursor") from error


def _salt(request: Request) -> str:
    return f"{SALT}:{request.path}"
