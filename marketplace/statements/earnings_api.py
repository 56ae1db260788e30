"""What one earned over REST: by day, source, model and lineage, and entry by entry."""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import needs
from marketplace.ledger.models import Entry
from marketplace.ledger.selectors import earning_entries
from marketplace.statements.earned import (
    OfDerivative,
    OfModel,
    by_day_and_source,
    by_lineage,
    by_model,
    by_source,
    days_until,
    earned,
)
from marketplace.statements.holders import Holder, holder_of

MOST_DAYS = 366


class AskedReportSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, default=30, help_text="How many, today included, in UTC."
    )
    organisation = serializers.SlugField(
        max_length=60, allow_blank=True, default="", help_text="Slug of an organisation that you are a member of."
    )


class SourceSerializer(serializers.Serializer[Any]):
    source = serializers.CharField(  # type: ignore[assignment]  # DRF takes fields out of the class: nothing is hidden
        help_text="creator, parent, dataset, library, licensor or seller."
    )
    amount_micro = serializers.IntegerField()


class DaySerializer(SourceSerializer):
    day = serializers.DateField()


class ModelEarningsSerializer(serializers.Serializer[OfModel]):
    version = serializers.IntegerField(source="version.pk", allow_null=True, default=None)
    title = serializers.CharField(source="version.style.title", default="")
    sales = serializers.IntegerField()
    amount_micro = serializers.IntegerField()


class LineageSerializer(serializers.Serializer[OfDerivative]):
    own = serializers.IntegerField(source="own.pk", help_text="The version of yours that it derives from.")
    sold = serializers.IntegerField(
        source="sold.pk", allow_null=True, default=None, help_text="Null where several were sold together."
    )
    sales = serializers.IntegerField()
    amount_micro = serializers.IntegerField()


class ReportSerializer(serializers.Serializer["Report"]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    currency = serializers.CharField()
    pending_micro = serializers.IntegerField(help_text="Held back for a while, whenever it was earned.")
    available_micro = serializers.IntegerField()
    by_day = DaySerializer(many=True)
    by_source = SourceSerializer(many=True)
    by_model = ModelEarningsSerializer(many=True, help_text="The highest first.")
    by_lineage = LineageSerializer(many=True, help_text="What sales of others' versions brought.")


class EarningEntrySerializer(serializers.ModelSerializer[Entry]):
    transaction = serializers.UUIDField(source="transaction_id", help_text="Its proof is at /api/v1/ledger/proofs/.")
    at = serializers.DateTimeField(source="transaction.created_at")
    kind = serializers.CharField(source="transaction.kind")
    account = serializers.CharField(source="account.kind", help_text="pending or earnings.")

    class Meta:
        model = Entry
        fields = ("transaction", "at", "kind", "account", "role", "subject", "amount_micro")
        read_only_fields = fields


@dataclass(frozen=True)
class Report:
    first_day: date
    last_day: date
    pending_micro: int
    available_micro: int
    by_day: list[dict[str, Any]]
    by_source: list[dict[str, Any]]
    by_model: list[OfModel]
    by_lineage: list[OfDerivative]
    currency: str = "USD"


class ReportView(APIView):
    scopes = needs(Scope.STATEMENTS)

    @extend_schema(
        parameters=[AskedReportSerializer], responses=ReportSerializer, summary="What you earned, and by what"
    )
    def get(self, request: Request) -> Response:
        asked = AskedReportSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        holder = holder_of(person(request), asked.validated_data["organisation"])
        return Response(ReportSerializer(_report(holder, asked.validated_data["days"])).data)


class EntriesView(GenericAPIView[Entry]):
    scopes = needs(Scope.STATEMENTS)
    serializer_class = EarningEntrySerializer
    queryset = Entry.objects.none()
    order = ("id",)

    @extend_schema(responses=EarningEntrySerializer(many=True), summary="What you earned, entry by entry, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(earning_entries(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def _report(holder: Holder, days: int) -> Report:
    period = days_until(timezone.now().astimezone(UTC).date(), days)
    lines = earned(holder, period)
    pending, available = holder.balances()
    return Report(
        first_day=period.start.date(),
        last_day=timezone.now().astimezone(UTC).date(),
        pending_micro=pending,
        available_micro=available,
        by_day=[
            {"day": day, "source": role, "amount_micro": amount}
            for (day, role), amount in by_day_and_source(lines).items()
        ],
        by_source=[{"source": role, "amount_micro": amount} for role, amount in by_source(lines).items()],
        by_model=by_model(holder, period, lines),
        by_lineage=by_lineage(holder, period),
    )
