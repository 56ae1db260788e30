"""Uploads over REST: start, send each part to the address given, complete, then ask for the state."""

from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.scopes import needs
from marketplace.uploads import selectors, services
from marketplace.uploads.downloads import lora_file
from marketplace.uploads.extraction import start_extraction
from marketplace.uploads.models import Upload
from marketplace.uploads.serializers import (
    CompleteSerializer,
    PartUrlSerializer,
    StartUploadSerializer,
    UploadSerializer,
)


class UploadsView(GenericAPIView[Upload]):
    scopes = needs(Scope.UPLOADS)
    serializer_class = UploadSerializer
    queryset = Upload.objects.none()

    @extend_schema(responses=UploadSerializer(many=True), summary="Your uploads, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.uploads_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=StartUploadSerializer,
        responses={201: UploadSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Start an upload",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Answers how long each part is (`part_size`; the last may be shorter) and how many there are."""
        asked = StartUploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        upload = services.start_upload(owner=person(request), **asked.validated_data)
        return Response(self.get_serializer(upload).data, status.HTTP_201_CREATED)


class UploadView(APIView):
    scopes = needs(Scope.UPLOADS)

    @extend_schema(responses=UploadSerializer, summary="One of your uploads")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        return Response(UploadSerializer(selectors.own_upload(person(request), id)).data)

    @extend_schema(responses={204: None}, summary="Cancel an upload whose parts are still arriving")
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        services.abort_upload(upload=selectors.own_upload(person(request), id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class LoraView(APIView):
    scopes = needs(Scope.UPLOADS)

    @extend_schema(
        request=None,
        responses={202: UploadSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Have a LoRA made of your model",
    )
    @answered_once
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Answers the LoRA's own upload: ask for it until `state` is ready, then publish it or fetch its file."""
        made = start_extraction(upload=selectors.own_upload(person(request), id))
        return Response(UploadSerializer(made).data, status.HTTP_202_ACCEPTED)


class FileView(APIView):
    scopes = needs(Scope.UPLOADS)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        summary="The file of a LoRA that the hub made for you",
    )
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:  # noqa: A002 - as above
        return lora_file(selectors.own_upload(person(request), id))


class PartView(APIView):
    scopes = needs(Scope.UPLOADS)

    @extend_schema(request=None, responses=PartUrlSerializer, summary="Where to send one part")
    def post(self, request: Request, id: UUID, number: int) -> Response:  # noqa: A002 - as above
        """Ask again for a fresh address whenever a part has to be sent again."""
        upload = selectors.own_upload(person(request), id)
        return Response({"url": services.part_url(upload=upload, number=number)})


class CompleteView(APIView):
    scopes = needs(Scope.UPLOADS)

    @extend_schema(request=CompleteSerializer, responses=UploadSerializer, summary="All parts are sent")
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """The file is checked and prepared from here on: ask for it until `state` is ready or refused."""
        asked = CompleteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        upload = selectors.own_upload(person(request), id)
        services.complete_upload(upload=upload, parts=asked.listed())
        return Response(UploadSerializer(upload).data)
