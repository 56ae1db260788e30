"""Statements over REST."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.statements.holders import holder_of
from marketplace.statements.months import month_of
from marketplace.statements.sheet import statement_response


class StatementView(APIView):
    scopes = needs(Scope.STATEMENTS)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        parameters=[
            OpenApiParameter("month", description="Year and month in UTC, such as 2026-11; this month if left out."),
            OpenApiParameter("organisation", description="Slug of an organisation that you are a member of."),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        operation_id="earnings_statement_retrieve",
        summary="A month's statement of what you earned, as CSV",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """One line per ledger entry, then control totals. It is sent while it is read, however long it is."""
        holder = holder_of(person(request), request.query_params.get("organisation", ""))
        return statement_response(holder, month_of(request.query_params.get("month", "")))
