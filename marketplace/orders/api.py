"""The wallet over REST, and the address that payment providers call."""

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub.plugin_api import Checkout
from marketplace.accounts.models import User
from marketplace.accounts.organisations import account_for
from marketplace.accounts.roles import Right
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.scopes import ANYONE, needs
from marketplace.ledger.selectors import held_balance, wallet_balance
from marketplace.orders.models import TopUp
from marketplace.orders.selectors import top_ups_of
from marketplace.orders.services import receive_webhook, start_top_up
from marketplace.orders.top_ups_api import OwnTopUpSerializer


class WalletSerializer(serializers.Serializer[dict[str, object]]):
    balance_micro = serializers.IntegerField(help_text="Free to spend, in 1e-6 of the currency.")
    held_micro = serializers.IntegerField(help_text="Set aside for images that are not finished.")
    currency = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("5 USD", {"amount_micro": 5_000_000}, request_only=True)])
class TopUpSerializer(serializers.Serializer[dict[str, object]]):
    amount_micro = serializers.IntegerField(help_text="From 1,000,000 (1 USD) to 500,000,000, in whole cents.")


class CheckoutSerializer(serializers.Serializer[Checkout]):
    id = serializers.CharField()
    url = serializers.URLField(help_text="Open it in a browser to pay.")


class WalletView(APIView):
    scopes = needs(Scope.WALLET_READ)

    @extend_schema(responses=WalletSerializer, summary="What is in the wallet")
    def get(self, request: Request) -> Response:
        return _wallet(person(request))


class TopUpView(GenericAPIView[TopUp]):
    scopes = needs(get=Scope.WALLET_READ, post=Scope.TOP_UPS)
    serializer_class = OwnTopUpSerializer
    queryset = TopUp.objects.none()

    @extend_schema(responses=OwnTopUpSerializer(many=True), summary="Your top-ups, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(top_ups_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=TopUpSerializer,
        responses={201: CheckoutSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Buy credit",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Opens a checkout; the wallet grows when the provider says that it is paid."""
        return _checkout(request, person(request), reverse("pages:wallet"))


class OrganisationWalletView(APIView):
    scopes = needs(Scope.WALLET_READ)

    @extend_schema(responses=WalletSerializer, summary="What is in an organisation's wallet")
    def get(self, request: Request, slug: str) -> Response:
        return _wallet(account_for(person(request), slug, Right.SEE_MONEY))


class OrganisationTopUpView(APIView):
    scopes = needs(Scope.TOP_UPS)

    @extend_schema(
        request=TopUpSerializer,
        responses={201: CheckoutSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Buy credit for an organisation",
    )
    @answered_once
    def post(self, request: Request, slug: str) -> Response:
        """Opens a checkout; the organisation's wallet grows when the provider says that it is paid."""
        account = account_for(person(request), slug, Right.TOP_UP)
        return _checkout(request, account, reverse("pages:organisation", args=[slug]))


@extend_schema(exclude=True)
class WebhookView(APIView):
    """For providers alone: the signature in the headers is the sign-in."""

    scopes = ANYONE
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # a provider sends as many as there are payments, from a few addresses

    def post(self, request: Request, provider: str) -> Response:
        # The signature covers the bytes as they came, so nothing may parse them first.
        receive_webhook(provider=provider, headers=request.headers, body=request.body)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _wallet(owner: User) -> Response:
    answer = {"balance_micro": wallet_balance(owner), "held_micro": held_balance(owner), "currency": "USD"}
    return Response(WalletSerializer(answer).data)


def _checkout(request: Request, buyer: User, return_path: str) -> Response:
    asked = TopUpSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    checkout = start_top_up(
        buyer=buyer,
        amount_micro=asked.validated_data["amount_micro"],
        return_url=request.build_absolute_uri(return_path),
        webhook_url=request.build_absolute_uri(reverse("api:payment-webhook", args=["sandbox"])),
    )
    return Response(CheckoutSerializer(checkout).data, status.HTTP_201_CREATED)
