"""Licensing over REST, for organisations' accounts. Each view reads the request, calls a service or selector, and answers."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub.receipts import MEDIA_TYPE
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.catalogue.models import StyleVersion
from marketplace.licences import odrl
from marketplace.partners import licensing, selectors, serializers
from marketplace.partners.accounts import partner_for
from marketplace.partners.documents import agreement_file, receipt_file
from marketplace.partners.issuing import grant_receipt, image_receipt
from marketplace.partners.limits import used
from marketplace.partners.matrix import Licensable
from marketplace.partners.models import Grant
from marketplace.partners.prices import unit_prices
from marketplace.partners.wanted import checked_permissions, checked_territory

RECEIPT = {(200, MEDIA_TYPE): OpenApiTypes.STR}


class LicensableView(GenericAPIView[StyleVersion]):
    scopes = needs(Scope.LICENSING)
    # Numbers of versions never change, so a cursor stays where it was.
    order = ("pk",)
    serializer_class = serializers.LicensableSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("permissions", str, description=f"Only what permits all of these: {serializers.ALL}."),
            OpenApiParameter("territory", str, description="Only what holds in all of these country codes."),
        ],
        responses=serializers.LicensableSerializer(many=True),
        operation_id="partner_licensable_list",
        summary="What your organisation may license, newest first",
    )
    def get(self, request: Request) -> Response:
        partner = partner_for(person(request))
        permissions = checked_permissions(_listed(request, "permissions"))
        territory = checked_territory(_listed(request, "territory"))
        asked: Any = Licensable(partner, permissions, territory)  # as far as a paginator needs a query
        versions: Any = self.paginate_queryset(asked) or []
        context = {"prices": unit_prices(partner, versions)}
        return self.get_paginated_response(serializers.LicensableSerializer(versions, many=True, context=context).data)


class TermsView(APIView):
    scopes = needs(Scope.LICENSING)

    @extend_schema(responses=serializers.TermsSerializer, summary="Your organisation's terms, and what is left of them")
    def get(self, request: Request) -> Response:
        """Staff of the hub set them. Days and months are in UTC."""
        partner = partner_for(person(request))
        so_far = used(partner, timezone.now())
        fields = ("territories", "price_bp", "images_per_day", "images_per_month", "spend_cap_micro")
        answer = {name: getattr(partner, name) for name in fields} | {
            "organisation": partner.organisation.slug,
            "images_today": so_far.images_today,
            "images_this_month": so_far.images_this_month,
            "spent_micro": so_far.spent_micro,
            "currency": "USD",
        }
        return Response(serializers.TermsSerializer(answer).data)


class GrantQuotesView(APIView):
    scopes = needs(Scope.LICENSING)

    @extend_schema(
        request=serializers.GrantQuoteRequestSerializer,
        responses=serializers.GrantQuoteSerializer,
        summary="What a licence would cost",
    )
    def post(self, request: Request) -> Response:
        """Nothing is stored or paid. What is answered is signed, and holds for a quarter of an hour."""
        account = person(request)
        partner_for(account)
        asked = serializers.GrantQuoteRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        quote = licensing.quote_grant(account=account, wanted=asked.wanted())
        return Response(serializers.GrantQuoteSerializer(quote).data)


class GrantsView(GenericAPIView[Grant]):
    scopes = needs(Scope.LICENSING)
    serializer_class = serializers.GrantSerializer
    queryset = Grant.objects.none()

    @extend_schema(
        responses=serializers.GrantSerializer(many=True),
        operation_id="partner_grants_list",
        summary="Your organisation's grants, newest first",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.grants_of(partner_for(person(request))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=serializers.AcceptSerializer,
        responses={201: serializers.GrantSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Accept a quote",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Makes the agreement and its grant, and pays what is due at once. The same quote again gives the same grant."""
        account = person(request)
        partner_for(account)
        asked = serializers.AcceptSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        grant = licensing.accept(account=account, quote=asked.validated_data["quote"])
        address = request.build_absolute_uri(reverse("api:partner-grant", args=[grant.pk]))
        return Response(self.get_serializer(grant).data, status.HTTP_201_CREATED, headers={"Location": address})


class GrantView(APIView):
    scopes = needs(Scope.LICENSING)

    @extend_schema(responses=serializers.GrantSerializer, summary="One of your organisation's grants")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        grant = selectors.own_grant(partner_for(person(request)), id)
        return Response(serializers.GrantSerializer(grant).data)


class AgreementView(APIView):
    scopes = needs(Scope.LICENSING)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, odrl.MEDIA_TYPE): OpenApiTypes.OBJECT},
        summary="A grant's agreement, in the form machines read",
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """ODRL 2.2 as JSON-LD: what was permitted and prohibited, to whom, where and until when."""
        grant = selectors.own_grant(partner_for(person(request)), id)
        return agreement_file(grant, request.build_absolute_uri("/"))


class ReceiptView(APIView):
    scopes = needs(Scope.LICENSING)
    content_negotiation_class = AlwaysJson


class GrantReceiptView(ReceiptView):
    scopes = needs(Scope.LICENSING)

    @extend_schema(responses=RECEIPT, summary="The signed receipt of a grant")
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """A JSON Web Signature in compact form. `irodori verify-receipt` checks it without asking the hub."""
        return receipt_file(grant_receipt(selectors.own_grant(partner_for(person(request)), id)))


class ImageReceiptView(ReceiptView):
    scopes = needs(Scope.IMAGES_READ)

    @extend_schema(
        responses=RECEIPT, operation_id="generations_receipt_retrieve", summary="The signed licence receipt of an image"
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """Of a delivered image that was ordered with `Irodori-Grant`; likewise."""
        return receipt_file(image_receipt(selectors.own_licensed_image(person(request), id)))


def _listed(request: Request, name: str) -> list[str]:
    return [part for part in request.query_params.get(name, "")[:2000].replace(" ", ",").split(",") if part]
