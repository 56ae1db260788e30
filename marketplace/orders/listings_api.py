"""Finished pictures for sale over REST. Anyone may look; selling and buying need a person."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.etags import IF_MATCH, refuse_if_changed
from marketplace.api.fields import Text
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import ANYONE, needs
from marketplace.generation.obligations import credit_lines
from marketplace.generation.selectors import get_for_buyer
from marketplace.orders import selectors
from marketplace.orders.delivery import preview
from marketplace.orders.listings import list_picture, withdraw_listing
from marketplace.orders.models import Listing


class AskedListingsSerializer(serializers.Serializer[dict[str, str]]):
    search = serializers.CharField(
        max_length=100, allow_blank=True, default="", help_text="Words in the title or the seller's name."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A picture of yours",
            {
                "generation": "0b6f2f6e-3c55-4a53-9d0e-6a3d5d0a2f11",
                "title": "Harbour at dawn",
                "licence": "irodori-standard",
                "price_micro": 500_000,
            },
            request_only=True,
        )
    ]
)
class SellSerializer(serializers.Serializer[Any]):
    generation = serializers.UUIDField(help_text="A finished picture of yours.")
    title = Text(allow_blank=True)
    licence = serializers.CharField(help_text="Under which buyers get it.")
    price_micro = serializers.IntegerField(help_text="Above 0, at most 10,000,000,000.")


class ListingSerializer(serializers.ModelSerializer[Listing]):
    seller = serializers.CharField(source="seller.display_name")
    width = serializers.IntegerField(source="generation.width")
    height = serializers.IntegerField(source="generation.height")
    preview = serializers.SerializerMethodField(help_text="The picture at half its size, at most 512 pixels.")

    class Meta:
        model = Listing
        fields: tuple[str, ...] = (
            *("id", "title", "seller", "licence", "price_micro", "width", "height"),
            *("open", "created_at", "preview"),
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_preview(self, listing: Listing) -> str:
        address = reverse("api:listing-preview", args=[listing.pk])
        return str(self.context["request"].build_absolute_uri(address))


class ListingPageSerializer(ListingSerializer):
    credit_lines = serializers.SerializerMethodField(help_text="What must be said beside the picture wherever it goes.")

    class Meta(ListingSerializer.Meta):
        fields = (*ListingSerializer.Meta.fields, "credit_lines")
        read_only_fields = fields

    def get_credit_lines(self, listing: Listing) -> list[str]:
        return credit_lines(listing.generation)


def permissions_of(request: Request) -> list[BasePermission]:
    """Anyone may look; whatever else there is needs a person."""
    return [AllowAny() if request.method in ("GET", "HEAD", "OPTIONS") else IsAuthenticated()]


class ListingsView(GenericAPIView[Listing]):
    scopes = needs(post=Scope.PURCHASES)
    serializer_class = ListingSerializer
    queryset = Listing.objects.none()

    def get_permissions(self) -> list[BasePermission]:
        return permissions_of(self.request)

    @extend_schema(
        parameters=[AskedListingsSerializer],
        responses=ListingSerializer(many=True),
        summary="Pictures for sale, newest first",
    )
    def get(self, request: Request) -> Response:
        asked = AskedListingsSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = self.paginate_queryset(selectors.open_listings(asked.validated_data["search"]))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=SellSerializer,
        responses={201: ListingPageSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Offer a picture of yours for sale",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Whoever earns from the styles in it earns from each sale."""
        asked = SellSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        seller, terms = person(request), dict(asked.validated_data)
        listing = list_picture(seller=seller, generation=get_for_buyer(seller, terms.pop("generation")), **terms)
        return Response(ListingPageSerializer(listing, context={"request": request}).data, status.HTTP_201_CREATED)


class ListingView(APIView):
    scopes = needs(delete=Scope.PURCHASES)

    def get_permissions(self) -> list[BasePermission]:
        return permissions_of(self.request)

    @extend_schema(responses=ListingPageSerializer, summary="One picture for sale")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        return Response(_page(request, selectors.shown_listing(id)))

    @extend_schema(responses={204: None}, parameters=[IF_MATCH], summary="Take one of your pictures off the shop")
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Those who bought it keep it."""
        listing = selectors.own_listing(person(request), id)
        refuse_if_changed(request, _page(request, listing))
        withdraw_listing(listing=listing)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ListingPreviewView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)
    content_negotiation_class = AlwaysJson

    @extend_schema(responses={(200, "image/webp"): OpenApiTypes.BINARY}, summary="What the picture looks like")
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """At half its size, at most 512 pixels on a side."""
        return preview(request._request, selectors.shown_listing(id))


class OwnListingsView(GenericAPIView[Listing]):
    scopes = needs(Scope.PURCHASES)
    serializer_class = ListingSerializer
    queryset = Listing.objects.none()

    @extend_schema(responses=ListingSerializer(many=True), summary="Pictures that you sell or sold, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.listings_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def _page(request: Request, listing: Listing) -> Any:
    return ListingPageSerializer(listing, context={"request": request}).data
