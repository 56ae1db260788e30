"""Subscriptions over REST: one's own, what a creator asks, and what one asks oneself."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.models import User
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.etags import IF_MATCH, refuse_if_changed
from marketplace.api.scopes import ANYONE, needs
from marketplace.errors import NotFound
from marketplace.orders import selectors
from marketplace.orders.models import Subscription, SubscriptionOffer
from marketplace.orders.purchases import stop_renewing
from marketplace.orders.subscriptions import close_subscription, offer_subscription


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    creator = serializers.IntegerField(source="creator_id")
    creator_name = serializers.CharField(source="creator.display_name")

    class Meta:
        model = Subscription
        fields = ("creator", "creator_name", "until", "renews", "price_micro")
        read_only_fields = fields


class OfferSerializer(serializers.ModelSerializer[SubscriptionOffer]):
    creator = serializers.IntegerField(source="creator_id")

    class Meta:
        model = SubscriptionOffer
        fields = ("creator", "price_micro", "changed_at")
        read_only_fields = fields


@extend_schema_serializer(examples=[OpenApiExample("A credit a day", {"price_micro": 300_000}, request_only=True)])
class AskedPriceSerializer(serializers.Serializer[Any]):
    price_micro = serializers.IntegerField(help_text="For 30 days: above 0, at most 100,000,000.")


class SubscriptionsView(GenericAPIView[Subscription]):
    scopes = needs(Scope.PURCHASES)
    serializer_class = SubscriptionSerializer
    queryset = Subscription.objects.none()
    order = ("until", "pk")

    @extend_schema(responses=SubscriptionSerializer(many=True), summary="Your subscriptions, the longest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.subscriptions_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class SubscriptionView(APIView):
    scopes = needs(Scope.PURCHASES)

    @extend_schema(responses=SubscriptionSerializer, summary="Your subscription to a creator")
    def get(self, request: Request, creator: int) -> Response:
        return Response(SubscriptionSerializer(selectors.own_subscription(person(request), creator)).data)


class StopView(APIView):
    scopes = needs(Scope.PURCHASES)

    @extend_schema(request=None, responses=SubscriptionSerializer, summary="Stop a subscription's renewal")
    def post(self, request: Request, creator: int) -> Response:
        """What you paid for stays until its end."""
        subscriber = person(request)
        selectors.own_subscription(subscriber, creator)
        stop_renewing(buyer=subscriber, creator_id=creator)
        return Response(SubscriptionSerializer(selectors.own_subscription(subscriber, creator)).data)


class CreatorOfferView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(responses=OfferSerializer, summary="What a creator's subscribers pay for 30 days")
    def get(self, request: Request, creator: int) -> Response:  # noqa: ARG002 - the same for everyone
        """Buy it by POST /api/v1/purchases/quotes with `kind` subscription."""
        return Response(OfferSerializer(_offer(User(pk=creator))).data)


class OwnOfferView(APIView):
    scopes = needs(Scope.STYLES_WRITE)

    @extend_schema(responses=OfferSerializer, summary="What you ask of subscribers")
    def get(self, request: Request) -> Response:
        return Response(OfferSerializer(_offer(person(request))).data)

    @extend_schema(
        request=AskedPriceSerializer,
        responses=OfferSerializer,
        parameters=[IF_MATCH],
        summary="Offer a subscription, or change its price",
    )
    def put(self, request: Request) -> Response:
        """Who subscribed before goes on at the price agreed then, or at this one where it is lower."""
        asked = AskedPriceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            creator = _locked(request)
            offer = offer_subscription(creator=creator, price_micro=asked.validated_data["price_micro"])
        return Response(OfferSerializer(offer).data)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH], summary="Close your subscription")
    def delete(self, request: Request) -> Response:
        """Nobody new can subscribe, and nobody's subscription renews."""
        with transaction.atomic():
            close_subscription(creator=_locked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _offer(creator: User) -> SubscriptionOffer:
    """Raises NotFound."""
    offer = selectors.subscription_offer(creator)
    if offer is None:
        raise NotFound(_("No subscription is offered here."), code="no_subscription_offer")
    return offer


def _locked(request: Request) -> User:
    """The creator, whose offer nobody else changes until the transaction ends. Raises Changed."""
    creator = User.objects.select_for_update().get(pk=person(request).pk)
    offer = selectors.subscription_offer(creator)
    refuse_if_changed(request, None if offer is None else OfferSerializer(offer).data)
    return creator
