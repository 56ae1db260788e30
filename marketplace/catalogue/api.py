"""The catalogue over REST. Anyone may look; publishing needs a person."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.scopes import ANYONE, needs
from marketplace.catalogue import selectors, services
from marketplace.catalogue.channels import Channel
from marketplace.catalogue.models import Style
from marketplace.catalogue.publish_serializers import PublishSerializer
from marketplace.catalogue.serializers import (
    AskedStylesSerializer,
    BaseModelSerializer,
    StylePageSerializer,
    StyleSerializer,
    VersionSerializer,
)
from marketplace.uploads.selectors import own_upload


class BaseModelsView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(
        responses=BaseModelSerializer(many=True), operation_id="base_models_list", summary="Bases you can use"
    )
    def get(self, request: Request) -> Response:
        """Sides are in pixels."""
        return Response(BaseModelSerializer(selectors.base_models(), many=True, context={"request": request}).data)


class StylesView(GenericAPIView[Style]):
    scopes = ANYONE
    permission_classes = (AllowAny,)
    serializer_class = StyleSerializer
    queryset = Style.objects.none()

    @extend_schema(
        parameters=[AskedStylesSerializer],
        responses=StyleSerializer(many=True),
        summary="Published styles, newest first",
    )
    def get(self, request: Request) -> Response:
        """Those that are not everyone's yet stand among them: a version's `channels` say from when it is whose."""
        asked = AskedStylesSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        found = selectors.published_styles(
            wanted["search"], wanted["base_model"], Channel(wanted["channel"]) if wanted["channel"] else None
        )
        styles = selectors.with_parents(found)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(styles), many=True).data)


class StyleView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(responses=StylePageSerializer, summary="One style with all its versions")
    def get(self, request: Request, slug: str) -> Response:
        return Response(StylePageSerializer(selectors.style_page(slug), context={"request": request}).data)


class VersionsView(APIView):
    scopes = needs(Scope.STYLES_WRITE)

    @extend_schema(
        request=PublishSerializer,
        responses={201: VersionSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Publish an upload",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """As a new style, or as the next version of `style`. Its cover and examples are drawn afterwards."""
        asked = PublishSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        creator = person(request)
        upload = own_upload(creator, asked.validated_data["upload"])
        version = services.publish(creator=creator, upload=upload, terms=asked.terms())
        return Response(VersionSerializer(version, context={"request": request}).data, status.HTTP_201_CREATED)


class WithdrawView(APIView):
    scopes = needs(Scope.STYLES_WRITE)

    @extend_schema(request=None, responses=VersionSerializer, summary="Withdraw one of your versions")
    def post(self, request: Request, id: int) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """No new pictures are made with it; those already made stay their buyers'."""
        version = selectors.own_version(person(request), id)
        services.withdraw(version=version)
        return Response(VersionSerializer(version, context={"request": request}).data)
