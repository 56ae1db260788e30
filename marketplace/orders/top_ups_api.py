"""One's own top-ups over REST. Starting one is in api.py."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import needs
from marketplace.orders import selectors
from marketplace.orders.models import TopUp


class OwnTopUpSerializer(serializers.ModelSerializer[TopUp]):
    class Meta:
        model = TopUp
        fields = ("id", "state", "amount_micro", "currency", "provider", "created_at", "paid_at")
        read_only_fields = fields


class OwnTopUpView(APIView):
    scopes = needs(Scope.WALLET_READ)

    @extend_schema(responses=OwnTopUpSerializer, summary="One of your top-ups")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """Ask until `state` is paid: then the wallet has it."""
        return Response(OwnTopUpSerializer(selectors.own_top_up(person(request), id)).data)
