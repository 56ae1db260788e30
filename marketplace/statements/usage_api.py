"""What an account's programs ordered, over REST: the figures that the developers' page draws."""

from datetime import UTC
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.organisations import account_for
from marketplace.accounts.roles import Right
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import needs
from marketplace.generation.usage import Used, used
from marketplace.statements.earned import days_until

MOST_DAYS = 366


class AskedUsageSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, default=30, help_text="How many, today included, in UTC."
    )
    organisation = serializers.SlugField(
        max_length=60, allow_blank=True, default="", help_text="Slug of an organisation whose wallet you may see."
    )


class UsedSerializer(serializers.Serializer[Used]):
    day = serializers.DateField(help_text="Of ordering, in UTC.")
    credential = serializers.IntegerField(
        source="credential_id", allow_null=True, help_text="Id of the key or OAuth client; null for a browser."
    )
    orders = serializers.IntegerField()
    images = serializers.IntegerField(help_text="Those that were delivered.")
    spent_micro = serializers.IntegerField(help_text="On them; what was not delivered costs nothing.")


class OrderedSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    currency = serializers.CharField()
    by_day_and_credential = UsedSerializer(
        many=True, help_text="The oldest day first; days without orders are left out."
    )


class OrderedView(APIView):
    scopes = needs(Scope.WALLET_READ)

    @extend_schema(
        parameters=[AskedUsageSerializer], responses=OrderedSerializer, summary="What your programs ordered and spent"
    )
    def get(self, request: Request) -> Response:
        """By day and key, counted from the orders themselves."""
        asked = AskedUsageSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        account = account_for(person(request), asked.validated_data["organisation"], Right.SEE_MONEY)
        today = timezone.now().astimezone(UTC).date()
        period = days_until(today, asked.validated_data["days"])
        answer = {
            "first_day": period.start.date(),
            "last_day": today,
            "currency": "USD",
            "by_day_and_credential": used(account, period),
        }
        return Response(OrderedSerializer(answer).data)
