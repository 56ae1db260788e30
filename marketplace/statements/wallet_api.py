"""What moved in one's wallet, and receipts of what was paid, over REST."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.ledger.models import Entry
from marketplace.ledger.selectors import wallet_entries
from marketplace.payouts.parts import SplitLine
from marketplace.statements.movements import Movement, movements
from marketplace.statements.receipt_pdf import receipt_pdf
from marketplace.statements.receipts import Receipt, ReceiptLine, Returned, receipt_of


class MovementSerializer(serializers.Serializer[Movement]):
    transaction = serializers.UUIDField(source="transaction_id", help_text="Its proof is at /api/v1/ledger/proofs/.")
    at = serializers.DateTimeField()
    kind = serializers.CharField(help_text="top_up, hold, capture, void, sale, refund and the like.")
    amount_micro = serializers.IntegerField(help_text="Below zero for what left the wallet.")
    generation = serializers.UUIDField(source="generation_id", allow_null=True)
    prompt = serializers.CharField()
    receipt = serializers.UUIDField(allow_null=True)


class ReceiptLineSerializer(serializers.Serializer[ReceiptLine]):
    what = serializers.CharField()
    detail = serializers.CharField()
    amount_micro = serializers.IntegerField()


class PaidToSerializer(serializers.Serializer[SplitLine]):
    payee = serializers.CharField()
    role = serializers.CharField()
    amount_micro = serializers.IntegerField()


class ReturnedSerializer(serializers.Serializer[Returned]):
    at = serializers.DateTimeField()
    amount_micro = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Receipt]):
    number = serializers.UUIDField()
    at = serializers.DateTimeField()
    buyer = serializers.CharField()
    email = serializers.EmailField()
    lines = ReceiptLineSerializer(many=True)
    total_micro = serializers.IntegerField()
    currency = serializers.CharField()
    split = PaidToSerializer(many=True, help_text="Who got it; nobody of a top-up.")
    returned = ReturnedSerializer(many=True)
    generation = serializers.UUIDField(source="generation_id", allow_null=True)
    prompt = serializers.CharField()


class MovementsView(GenericAPIView[Any]):
    scopes = needs(Scope.WALLET_READ)
    serializer_class = MovementSerializer
    queryset = Entry.objects.none()
    order = ("id",)

    @extend_schema(responses=MovementSerializer(many=True), summary="What moved in your wallet, newest first")
    def get(self, request: Request) -> Response:
        entries: list[Any] = self.paginate_queryset(wallet_entries(person(request))) or []
        return self.get_paginated_response(self.get_serializer(movements(entries), many=True).data)


class ReceiptView(APIView):
    scopes = needs(Scope.WALLET_READ)

    @extend_schema(responses=ReceiptSerializer, summary="A receipt of yours")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """`receipt` of a movement names it."""
        return Response(ReceiptSerializer(receipt_of(person(request), id)).data)


class ReceiptFileView(APIView):
    scopes = needs(Scope.WALLET_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY}, summary="A receipt of yours as a PDF")
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 - as above
        content = receipt_pdf(receipt_of(person(request), id))
        headers = {"Content-Disposition": f'attachment; filename="irodori-receipt-{id}.pdf"'}
        return HttpResponse(content, content_type="application/pdf", headers=headers)
