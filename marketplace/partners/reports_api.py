"""Usage and statements over REST, as JSON for programs and as CSV for books."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.partners.accounts import partner_for
from marketplace.partners.documents import statement_file, usage_file
from marketplace.partners.models import PartnerStatement
from marketplace.partners.serializers import PartnerStatementSerializer, UsageSerializer
from marketplace.partners.statements import own_statement, statements_of
from marketplace.partners.usage import days_of, usage

DAYS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, in UTC; the month's first if left out."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day, in UTC; today if left out."),
]
CSV = {(200, "text/csv"): OpenApiTypes.STR}


class UsageView(APIView):
    scopes = needs(Scope.LICENSING)

    @extend_schema(parameters=DAYS, responses=UsageSerializer, summary="What was made under your grants")
    def get(self, request: Request) -> Response:
        """Images that were delivered in these days, by grant."""
        partner = partner_for(person(request))
        days = days_of(request.query_params.get("from"), request.query_params.get("to"))
        return Response(UsageSerializer(usage(partner, *days)).data)


class UsageSheetView(APIView):
    scopes = needs(Scope.LICENSING)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        parameters=DAYS,
        responses=CSV,
        operation_id="partner_usage_sheet",
        summary="The same as CSV, a line per image",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Control totals stand at its end."""
        partner = partner_for(person(request))
        days = days_of(request.query_params.get("from"), request.query_params.get("to"))
        return usage_file(partner, *days)


class StatementsView(GenericAPIView[PartnerStatement]):
    scopes = needs(Scope.LICENSING)
    serializer_class = PartnerStatementSerializer
    queryset = PartnerStatement.objects.none()
    order = ("month",)  # each once for a partner

    @extend_schema(
        responses=PartnerStatementSerializer(many=True),
        operation_id="partner_statements_list",
        summary="Your organisation's monthly statements, newest first",
    )
    def get(self, request: Request) -> Response:
        """Made when a month is over, in UTC."""
        page = self.paginate_queryset(statements_of(partner_for(person(request))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class StatementSheetView(APIView):
    scopes = needs(Scope.LICENSING)
    content_negotiation_class = AlwaysJson

    @extend_schema(responses=CSV, operation_id="partner_statement_sheet", summary="A month's statement as CSV")
    def get(self, request: Request, month: str) -> HttpResponseBase:
        """Every movement that paid or returned something, with its grants and image, then control totals."""
        partner = partner_for(person(request))
        return statement_file(partner, own_statement(partner, month))
