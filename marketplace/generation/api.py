"""Generations over REST. Each view reads the request, calls a service or selector, and answers."""

from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.later import PREFER, preferred_wait
from marketplace.api.negotiation import AlwaysJson
from marketplace.api.parsers import PictureParser
from marketplace.api.schema import NOT_ENOUGH_CREDIT
from marketplace.api.scopes import needs
from marketplace.api.sse import LAST_EVENT_ID, MEDIA_TYPE
from marketplace.generation import selectors, services
from marketplace.generation.answers import answer_of, answer_or_wait
from marketplace.generation.images import generation_image, generation_preview
from marketplace.generation.models import Generation
from marketplace.generation.pictures import store_picture
from marketplace.generation.serializers import (
    EarningsSerializer,
    GenerationRequestSerializer,
    GenerationSerializer,
    PictureSerializer,
    QuoteRequestSerializer,
    QuoteSerializer,
)
from marketplace.generation.streams import generation_events
from marketplace.ledger.selectors import earned_balance
from marketplace.partners.permits import PARAMETERS as GRANT_PARAMETERS
from marketplace.partners.permits import permit_of


class QuoteView(APIView):
    scopes = needs(Scope.GENERATE)

    @extend_schema(
        request=QuoteRequestSerializer,
        responses=QuoteSerializer,
        parameters=GRANT_PARAMETERS,
        summary="What an image would cost",
    )
    def post(self, request: Request) -> Response:
        """The price and who is paid. Nothing is held; an order that names `quote` costs exactly this until it expires."""
        asked = QuoteRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        buyer = person(request)
        quote, token = services.quote(
            buyer=buyer,
            request=asked.request(by_program=request.auth is not None),
            permit=permit_of(buyer, request.headers),
        )
        return Response(QuoteSerializer(quote, context={"token": token}).data)


class GenerationsView(GenericAPIView[Generation]):
    scopes = needs(get=Scope.IMAGES_READ, post=Scope.GENERATE)
    serializer_class = GenerationSerializer
    queryset = Generation.objects.none()

    @extend_schema(responses=GenerationSerializer(many=True), summary="Your images, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.history(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=GenerationRequestSerializer,
        responses={201: GenerationSerializer, 402: NOT_ENOUGH_CREDIT},
        parameters=[IDEMPOTENCY_KEY, PREFER, *GRANT_PARAMETERS],
        summary="Order an image",
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Holds the price and queues the image. Ask its address, which Location names, until `state` is final."""
        ordered = self._order(request)
        if not preferred_wait(request):
            return ordered
        headers = {"Location": ordered.headers["Location"]}
        return answer_or_wait(self, request, UUID(str(ordered.data["id"])), status.HTTP_201_CREATED, headers)

    @answered_once
    def _order(self, request: Request) -> Response:
        asked = GenerationRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        buyer = person(request)
        generation = services.request_generation(
            buyer=buyer,
            request=asked.request(by_program=request.auth is not None),
            quote=asked.validated_data["quote"],
            permit=permit_of(buyer, request.headers),
        )
        address = request.build_absolute_uri(reverse("api:generation", args=[generation.pk]))
        return Response(self.get_serializer(generation).data, status.HTTP_201_CREATED, headers={"Location": address})


class GenerationView(APIView):
    scopes = needs(Scope.IMAGES_READ)

    @extend_schema(responses=GenerationSerializer, parameters=[PREFER], summary="One of your images")
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - the name in the address and in OpenAPI
        """While it is not finished, `Retry-After` says when it is worth asking again."""
        return answer_or_wait(self, request, id)


class EventsView(APIView):
    scopes = needs(Scope.IMAGES_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR, 204: None},
        parameters=[LAST_EVENT_ID, OpenApiParameter("previews", bool, description="Send previews, in Base64, too.")],
        summary="What happens to an image, while it happens",
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """Server-sent events: `queued`, `started`, `progress`, `preview`, and at the end `succeeded`, `failed` or `cancelled`."""
        return generation_events(
            selectors.get_for_buyer(person(request), id),
            last_event_id=request.headers.get("Last-Event-ID", ""),
            previews=request.query_params.get("previews", "") in ("1", "true"),
        )


class CancelView(APIView):
    scopes = needs(Scope.GENERATE)

    @extend_schema(request=None, responses=GenerationSerializer, summary="Cancel an image that is not finished")
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Stops it and returns the whole price to your wallet."""
        generation = selectors.get_for_buyer(person(request), id)
        services.cancel(generation=generation)
        return answer_of(request, generation)


class ImageView(APIView):
    scopes = needs(Scope.IMAGES_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY}, summary="The image itself")
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """Its ETag is its SHA-256; it never changes."""
        return generation_image(request._request, selectors.get_for_buyer(person(request), id))


class PreviewView(APIView):
    scopes = needs(Scope.IMAGES_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY}, summary="What a running image looks like so far"
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """Small and rough: at most 128 pixels on a side. 404 while there is none, and once the image is there."""
        return generation_preview(selectors.get_for_buyer(person(request), id))


class PicturesView(APIView):
    scopes = needs(Scope.GENERATE)
    parser_classes = (PictureParser,)

    @extend_schema(
        request={"image/*": OpenApiTypes.BINARY},
        responses={201: PictureSerializer},
        summary="Send a picture to start from",
    )
    def post(self, request: Request) -> Response:
        """The body is the file itself: PNG, JPEG or WebP, at most 16 MiB and 4,096 pixels on a side."""
        # An empty body is no bytes but the framework's empty form.
        content = request.data if isinstance(request.data, bytes) else b""
        sha256 = store_picture(owner=person(request), content=content)
        return Response(PictureSerializer({"sha256": sha256}).data, status.HTTP_201_CREATED)


class EarningsView(APIView):
    scopes = needs(Scope.STATEMENTS)

    @extend_schema(responses=EarningsSerializer, summary="What your styles have earned")
    def get(self, request: Request) -> Response:
        creator = person(request)
        answer = {
            "earnings_micro": earned_balance(creator),
            "currency": "USD",
            "versions": selectors.earnings_statement(creator),
        }
        return Response(EarningsSerializer(answer).data)
