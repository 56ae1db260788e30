"""The catalogue over REST. Anyone may look; publishing needs a person."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.scopes import ANYONE, needs
from marketplace.catalogue import selectors, services
from marketplace.catalogue.channels import Channel
from marketplace.catalogue.models import Style
from marketplace.catalogue.serializers import (
    BaseModelSerializer,
    PublishSerializer,
    StylePageSerializer,
    StyleSerializer,
    VersionSerializer,
)
from marketplace.errors import InvalidInput
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
        parameters=[
            OpenApiParameter("search", str, description="Words in the title, trigger words or creator's name."),
            OpenApiParameter("base_model", str, description="Only styles for this base (its slug)."),
            OpenApiParameter(
                "channel",
                str,
                enum=[channel.value for channel in Channel],
                description="Only styles with a version that is by now for partners and programs alone, for subscribers "
                "(`members`) too, or for everyone.",
            ),
        ],
        responses=StyleSerializer(many=True),
        summary="Published styles, newest first",
    )
    def get(self, request: Request) -> Response:
        """Those that are not everyone's yet stand among them: a version's `channels` say from when it is whose."""
        asked = request.query_params
        found = selectors.published_styles(
            asked.get("search", "")[:100], asked.get("base_model"), _channel(asked.get("channel"))
        )
        styles = selectors.with_parents(found)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(styles), many=True).data)


def _channel(name: str | None) -> Channel | None:
    """Raises InvalidInput."""
    if name and name not in list(Channel):
        message = _("Choose one of these: %(channels)s.") % {"channels": ", ".join(Channel)}
        raise InvalidInput(message, code="unknown_channel", field="channel")
    return Channel(name) if name else None


class StyleView(APIView):
    scopes = ANYONE
    permission_classes = (AllowAny,)

    @extend_schema(responses=StylePageSerializer, summary="One style with all its versions")
    def get(self, request: Request, slug: str) -> Response:
        return Response(StylePageSerializer(selectors.style_page(slug), context={"request": request}).data)


class VersionsView(APIView):
    scopes = needs(Scope.STYLES_WRITE)

    @extend_schema(request=PublishSerializer, responses={201: VersionSerializer}, summary="Publish an upload")
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
