"""One version with everyone who earns from it, and a creator's own styles."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import ANYONE, needs
from marketplace.catalogue import selectors
from marketplace.catalogue.models import Style, StyleVersion
from marketplace.catalogue.serializers import StylePageSerializer, VersionSerializer
from marketplace.payouts.selectors import earners, lineage


class EarnerSerializer(serializers.Serializer[Any]):
    payee = serializers.CharField()
    role = serializers.CharField()
    share_bp = serializers.IntegerField(help_text="Of each payment, in 1/10,000.")


class AncestorSerializer(serializers.ModelSerializer[StyleVersion]):
    style = serializers.CharField(source="style.slug")  # type: ignore[assignment]  # DRF takes fields out of the class: nothing is hidden
    title = serializers.CharField(source="style.title")
    creator = serializers.CharField(source="style.creator.display_name")

    class Meta:
        model = StyleVersion
        fields = ("id", "style", "title", "number", "creator")
        read_only_fields = fields


class VersionPageSerializer(VersionSerializer):
    style = serializers.CharField(source="style.slug")  # type: ignore[assignment]  # DRF takes fields out of the class: nothing is hidden
    earners = serializers.SerializerMethodField(help_text="Who gets which part of its price.")
    lineage = serializers.SerializerMethodField(help_text="All that it derives from, nearest first.")

    class Meta(VersionSerializer.Meta):
        fields = (*VersionSerializer.Meta.fields, "style", "earners", "lineage")
        read_only_fields = fields

    @extend_schema_field(EarnerSerializer(many=True))
    def get_earners(self, version: StyleVersion) -> Any:
        return EarnerSerializer(earners(version), many=True).data

    @extend_schema_field(AncestorSerializer(many=True))
    def get_lineage(self, version: StyleVersion) -> Any:
        return AncestorSerializer(lineage(version), many=True).data


class VersionView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(responses=VersionPageSerializer, summary="One version, and who earns from it")
    def get(self, request: Request, id: int) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        return Response(VersionPageSerializer(selectors.shown_version(id), context={"request": request}).data)


class OwnStylesView(GenericAPIView[Style]):
    scopes = needs(Scope.STYLES_READ)
    serializer_class = StylePageSerializer
    queryset = Style.objects.none()

    @extend_schema(responses=StylePageSerializer(many=True), summary="Your own styles, newest first")
    def get(self, request: Request) -> Response:
        """Withdrawn versions too."""
        styles = selectors.with_parents(selectors.styles_of(person(request)).filter(versions__isnull=False).distinct())
        page = self.paginate_queryset(styles)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
