"""Buying at once over REST: told first, then paid as told."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.schema import NOT_ENOUGH_CREDIT
from marketplace.api.scopes import needs
from marketplace.orders import selectors
from marketplace.orders.delivery import purchased
from marketplace.orders.models import Purchase
from marketplace.orders.purchases import PurchaseQuote, buy, quote_purchase
from marketplace.payouts.parts import SplitLine


@extend_schema_serializer(examples=[OpenApiExample("A style's file", {"kind": "file", "item": "1"}, request_only=True)])
class WantedSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Purchase.Kind.values)
    item = serializers.CharField(
        max_length=40,
        help_text="A version's id for its file, a creator's for a subscription, a listing's for a picture.",
    )


class PaidPartSerializer(serializers.Serializer[SplitLine]):
    payee = serializers.CharField()
    role = serializers.CharField()
    amount_micro = serializers.IntegerField()


class PurchaseQuoteSerializer(serializers.Serializer[PurchaseQuote]):
    kind = serializers.ChoiceField(choices=Purchase.Kind.values)
    title = serializers.CharField()
    total_micro = serializers.IntegerField()
    split = PaidPartSerializer(many=True, help_text="Who gets what of it.")
    quote = serializers.CharField(source="token", help_text="Buys it at this price, once.")
    expires_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("As quoted", {"quote": "eyJiIjo3fQ:1w"}, request_only=True)])
class BuySerializer(serializers.Serializer[Any]):
    quote = serializers.CharField(help_text="From POST /api/v1/purchases/quotes.")


class PurchaseSerializer(serializers.ModelSerializer[Purchase]):
    version = serializers.IntegerField(source="version_id", allow_null=True)
    creator = serializers.IntegerField(source="creator_id", allow_null=True, help_text="Whom the subscription is to.")
    listing = serializers.UUIDField(source="listing_id", allow_null=True)
    file = serializers.SerializerMethodField(help_text="Where it is downloaded; null for a subscription or a refund.")

    class Meta:
        model = Purchase
        fields = (
            *("id", "kind", "version", "creator", "listing"),
            *("price_micro", "currency", "created_at", "refunded_at", "file"),
        )
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_file(self, purchase: Purchase) -> str | None:
        if purchase.refunded_at is not None or purchase.kind == Purchase.Kind.SUBSCRIPTION:
            return None
        return str(self.context["request"].build_absolute_uri(reverse("api:purchase-file", args=[purchase.pk])))


class PurchaseQuotesView(APIView):
    scopes = needs(Scope.PURCHASES)

    @extend_schema(request=WantedSerializer, responses=PurchaseQuoteSerializer, summary="What a purchase would cost")
    def post(self, request: Request) -> Response:
        """The price and who is paid. Nothing is held or stored; the price holds until `expires_at`."""
        asked = WantedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        quote = quote_purchase(buyer=person(request), **asked.validated_data)
        return Response(PurchaseQuoteSerializer(quote).data)


class PurchasesView(GenericAPIView[Purchase]):
    scopes = needs(Scope.PURCHASES)
    serializer_class = PurchaseSerializer
    queryset = Purchase.objects.none()

    @extend_schema(responses=PurchaseSerializer(many=True), summary="What you have bought, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.purchases_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=BuySerializer,
        responses={201: PurchaseSerializer, 402: NOT_ENOUGH_CREDIT},
        parameters=[IDEMPOTENCY_KEY],
        summary="Buy what was quoted",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Everyone is paid at once, and it is yours. The same quote again is the same purchase."""
        asked = BuySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        purchase = buy(buyer=person(request), quote=asked.validated_data["quote"])
        return Response(self.get_serializer(purchase).data, status.HTTP_201_CREATED)


class PurchaseView(APIView):
    scopes = needs(Scope.PURCHASES)

    @extend_schema(responses=PurchaseSerializer, summary="One of your purchases")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        purchase = selectors.own_purchase(person(request), id, refunded_too=True)
        return Response(PurchaseSerializer(purchase, context={"request": request}).data)


class PurchaseFileView(APIView):
    scopes = needs(Scope.PURCHASES)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, (200, "image/png"): OpenApiTypes.BINARY},
        summary="What you bought: the style's file, or the picture",
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        return purchased(request._request, selectors.own_purchase(person(request), id))
