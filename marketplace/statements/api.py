"""Statements over REST."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.statements.holders import holder_of
from marketplace.statements.months import month_of
from marketplace.statements.sheet import statement_response


class AskedMonthSerializer(serializers.Serializer[Any]):
    month = serializers.CharField(
        allow_blank=True, default="", help_text="Year and month in UTC, such as 2026-11; this month if left out."
    )
    organisation = serializers.SlugField(
        max_length=60, allow_blank=True, default="", help_text="Slug of an organisation that you are a member of."
    )


class StatementView(APIView):
    scopes = needs(Scope.STATEMENTS)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        parameters=[AskedMonthSerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        operation_id="earnings_statement_retrieve",
        summary="A month's statement of what you earned, as CSV",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """One line per ledger entry, then control totals. It is sent while it is read, however long it is."""
        asked = AskedMonthSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        holder = holder_of(person(request), asked.validated_data["organisation"])
        return statement_response(holder, month_of(asked.validated_data["month"]))
