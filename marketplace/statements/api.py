"""Statements over REST."""

from collections.abc import Iterable

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.accounts.models import User
from marketplace.accounts.scopes import Scope
from marketplace.api.scopes import needs
from marketplace.statements.holders import holder_of
from marketplace.statements.months import month_of
from marketplace.statements.sheet import statement_response


class AlwaysJson(DefaultContentNegotiation):
    """The answer is a file whatever the client accepts; only refusals are JSON."""

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the signature that the framework calls
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - as above
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


class StatementView(APIView):
    scopes = needs(Scope.STATEMENTS)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        parameters=[
            OpenApiParameter("month", description="Year and month in UTC, such as 2026-11; this month if left out."),
            OpenApiParameter("organisation", description="Slug of an organisation that you are a member of."),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        summary="A month's statement of what you earned, as CSV",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """One line per ledger entry, then control totals. It is sent while it is read, however long it is."""
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type; IsAuthenticated lets nobody else through
        holder = holder_of(request.user, request.query_params.get("organisation", ""))
        return statement_response(holder, month_of(request.query_params.get("month", "")))
