"""What anyone may know of the platform's money, and what only its staff may."""

from datetime import UTC
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import ANYONE, needs
from marketplace.errors import NotFound
from marketplace.statements.costs import Costs, costs
from marketplace.statements.earned import days_until
from marketplace.statements.solvency import recent_solvency

MOST_DAYS = 366


class SolvencySerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    owed = serializers.DictField(child=serializers.IntegerField(), help_text="To people, by kind of account.")
    liabilities_micro = serializers.IntegerField()
    revenue_micro = serializers.IntegerField()
    backing_micro = serializers.IntegerField(help_text="What payment providers hold for the platform or paid to it.")
    difference_micro = serializers.IntegerField(help_text="0, or the ledger is broken.")


class AskedDaysSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, default=30, help_text="How many, today included, in UTC."
    )


class MeasuredSerializer(serializers.Serializer[Any]):
    images = serializers.IntegerField(help_text="Of how many it was reported.")
    total = serializers.FloatField(allow_null=True)
    per_image = serializers.FloatField(allow_null=True)


class CostsSerializer(serializers.Serializer[Costs]):
    images = serializers.IntegerField()
    samples = serializers.IntegerField(help_text="Of them, those that the hub paid itself.")
    worker_seconds = MeasuredSerializer()
    device_seconds = MeasuredSerializer()
    energy_joules = MeasuredSerializer()
    device_cost = serializers.FloatField(allow_null=True, help_text="Per image, in US dollars.")
    energy_cost = serializers.FloatField(allow_null=True, help_text="Per image, in US dollars.")
    cost = serializers.FloatField(allow_null=True, help_text="Per image, of what is known.")
    earned = serializers.FloatField(allow_null=True, help_text="By computing, per image.")
    earned_micro = serializers.IntegerField()


class SolvencyView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(
        responses=SolvencySerializer(many=True),
        operation_id="solvency_list",
        summary="What the platform owes, and what stands behind it",
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - the same for everyone
        """By currency; at most a minute old."""
        return Response(SolvencySerializer(recent_solvency(), many=True).data)


class CostsView(APIView):
    scopes = needs(Scope.STATEMENTS)

    @extend_schema(parameters=[AskedDaysSerializer], responses=CostsSerializer, summary="For staff: what images cost")
    def get(self, request: Request) -> Response:
        """For everyone else there is nothing at this address."""
        if not person(request).is_staff:
            raise NotFound(_("There is nothing here for you."))
        asked = AskedDaysSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        today = timezone.now().astimezone(UTC).date()
        return Response(CostsSerializer(costs(days_until(today, asked.validated_data["days"]))).data)
