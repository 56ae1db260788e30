"""Batches over REST. Each view reads the request, calls a service or selector, and answers."""

from uuid import UUID

from django.http.response import HttpResponseBase
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
from marketplace.api.sse import LAST_EVENT_ID, MEDIA_TYPE
from marketplace.batches import selectors, services
from marketplace.batches.models import Batch, BatchItem
from marketplace.batches.pages import ByNumber
from marketplace.batches.serializers import (
    BatchItemSerializer,
    BatchOrderSerializer,
    BatchQuoteSerializer,
    BatchRequestSerializer,
    BatchSerializer,
    address_of,
)
from marketplace.batches.streams import batch_events
from marketplace.generation.estimates import seconds_to_wait
from marketplace.partners.batches import PARAMETERS as GRANT_PARAMETERS
from marketplace.partners.batches import permits_of


class BatchQuoteView(APIView):
    scopes = needs(Scope.GENERATE)

    @extend_schema(
        request=BatchRequestSerializer,
        responses=BatchQuoteSerializer,
        parameters=GRANT_PARAMETERS,
        summary="What a batch would cost",
    )
    def post(self, request: Request) -> Response:
        """The price of all images together. Nothing is held; an order that names `quote` costs exactly this until it expires."""
        asked = BatchRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        buyer = person(request)
        quote, token = services.quote_batch(
            buyer=buyer,
            requests=asked.requests(by_program=request.auth is not None),
            permits=permits_of(buyer, request.headers),
        )
        return Response(BatchQuoteSerializer(quote, context={"token": token}).data)


class BatchesView(GenericAPIView[Batch]):
    scopes = needs(get=Scope.IMAGES_READ, post=Scope.GENERATE)
    serializer_class = BatchSerializer
    queryset = Batch.objects.none()

    @extend_schema(responses=BatchSerializer(many=True), summary="Your batches, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.batches_of(person(request))) or []
        known = selectors.standings([batch.pk for batch in page])
        return self.get_paginated_response(BatchSerializer(page, many=True, context={"standings": known}).data)

    @extend_schema(
        request=BatchOrderSerializer,
        responses={201: BatchSerializer},
        parameters=[IDEMPOTENCY_KEY, *GRANT_PARAMETERS],
        summary="Order up to 1,000 images at once",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """Holds the price of every image, or of none. Errors name the images by their number, as `items.12.prompt`."""
        asked = BatchOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        buyer = person(request)
        batch = services.request_batch(
            buyer=buyer,
            requests=asked.requests(by_program=request.auth is not None),
            name=asked.validated_data["name"],
            quote=asked.validated_data["quote"],
            permits=permits_of(buyer, request.headers),
        )
        return _answer(batch, status.HTTP_201_CREATED, {"Location": request.build_absolute_uri(address_of(batch))})


class BatchView(APIView):
    scopes = needs(Scope.IMAGES_READ)

    @extend_schema(responses=BatchSerializer, summary="How far a batch is")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        """While it is not finished, `Retry-After` says when it is worth asking again."""
        return _answer(selectors.get_for_buyer(person(request), id))


class BatchItemsView(GenericAPIView[BatchItem]):
    scopes = needs(Scope.IMAGES_READ)
    serializer_class = BatchItemSerializer
    queryset = BatchItem.objects.none()
    pagination_class = ByNumber
    order = ("number",)

    @extend_schema(responses=BatchItemSerializer(many=True), summary="What became of each image of a batch")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        page = self.paginate_queryset(selectors.items_of(selectors.get_for_buyer(person(request), id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class CancelBatchView(APIView):
    scopes = needs(Scope.GENERATE)

    @extend_schema(request=None, responses=BatchSerializer, summary="Cancel what is not finished of a batch")
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Returns the price of each image that was not made. Done again, it changes nothing."""
        batch = selectors.get_for_buyer(person(request), id)
        services.cancel_rest(batch=batch)
        return _answer(batch)


class BatchEventsView(APIView):
    scopes = needs(Scope.IMAGES_READ)
    content_negotiation_class = AlwaysJson

    @extend_schema(
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR, 204: None},
        parameters=[LAST_EVENT_ID],
        summary="What happens to a batch, while it happens",
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:  # noqa: A002 - as above
        """Server-sent events: `progress` with the counts whenever they change, and at the end `finished`."""
        batch = selectors.get_for_buyer(person(request), id)
        return batch_events(batch, last_event_id=request.headers.get("Last-Event-ID", ""))


def _answer(batch: Batch, status: int = status.HTTP_200_OK, headers: dict[str, str] | None = None) -> Response:
    now = selectors.standing(batch)
    told = BatchSerializer(batch, context={"standings": {batch.pk: now}}).data
    again = {} if now.ended else {"Retry-After": str(seconds_to_wait(now.eta_seconds))}
    return Response(told, status, headers={**again, **(headers or {})})
