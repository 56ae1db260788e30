"""Pictures to start from, over REST: those that one sent, and images of one's own."""

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.generation import selectors
from marketplace.generation.images import own_picture
from marketplace.generation.pictures import store_image_as_picture
from marketplace.generation.serializers import PictureSerializer


class PictureView(APIView):
    scopes = needs(Scope.IMAGES_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "image/jpeg"): OpenApiTypes.BINARY,
            (200, "image/webp"): OpenApiTypes.BINARY,
        },
        summary="A picture that you sent",
    )
    def get(self, request: Request, sha256: str) -> HttpResponseBase:
        return own_picture(request._request, person(request), sha256)


class ImageAsPictureView(APIView):
    scopes = needs(Scope.GENERATE)

    @extend_schema(request=None, responses={201: PictureSerializer}, summary="Start from one of your images")
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """Puts a finished image beside the pictures that you sent. Twice is once."""
        owner = person(request)
        sha256 = store_image_as_picture(owner=owner, generation=selectors.get_for_buyer(owner, id))
        return Response(PictureSerializer({"sha256": sha256}).data, status.HTTP_201_CREATED)
