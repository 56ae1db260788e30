"""Webhooks over REST. Secrets are shown once, and therefore not kept as answers of an Idempotency-Key."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once, tells_a_secret
from marketplace.api.scopes import ANYONE, needs
from marketplace.webhooks import endpoints, replays
from marketplace.webhooks.kinds import subscribable
from marketplace.webhooks.models import Delivery, Endpoint
from marketplace.webhooks.selectors import deliveries_of, endpoints_of, own_delivery, own_endpoint
from marketplace.webhooks.serializers import (
    DeliverySerializer,
    DeliveryWithAttemptsSerializer,
    EndpointChangesSerializer,
    EndpointSerializer,
    KindSerializer,
    MadeEndpointSerializer,
    NewEndpointSerializer,
    ReplayedSerializer,
    SecretSerializer,
    SinceSerializer,
    TestEventSerializer,
)


class KindsView(APIView):
    scopes = ANYONE

    @extend_schema(
        responses=KindSerializer(many=True), operation_id="webhooks_kinds", summary="What you can be told of"
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - the framework's signature
        return Response(KindSerializer(list(subscribable().values()), many=True).data)


class EndpointsView(GenericAPIView[Endpoint]):
    scopes = needs(Scope.WEBHOOKS)
    serializer_class = EndpointSerializer
    queryset = Endpoint.objects.none()

    @extend_schema(responses=EndpointSerializer(many=True), summary="Your endpoints, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(endpoints_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewEndpointSerializer, responses={201: MadeEndpointSerializer}, summary="Add an endpoint")
    @tells_a_secret
    def post(self, request: Request) -> Response:
        """Its events are sent there from now on, signed with the secret that the answer holds."""
        asked = NewEndpointSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoint = endpoints.create_endpoint(account=person(request), **asked.validated_data)
        return Response(MadeEndpointSerializer(endpoint).data, status.HTTP_201_CREATED)


class EndpointView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(responses=EndpointSerializer, summary="One of your endpoints")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        return Response(EndpointSerializer(own_endpoint(person(request), id)).data)

    @extend_schema(request=EndpointChangesSerializer, responses=EndpointSerializer, summary="Change an endpoint")
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Only what is sent changes. What failed while it was off can be replayed."""
        endpoint = own_endpoint(person(request), id)
        asked = EndpointChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoints.change_endpoint(endpoint=endpoint, **asked.validated_data)
        return Response(EndpointSerializer(endpoint).data)

    @extend_schema(responses={204: None}, summary="Delete an endpoint and its log")
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        endpoints.delete_endpoint(endpoint=own_endpoint(person(request), id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(request=None, responses=SecretSerializer, summary="Give an endpoint a new secret")
    @tells_a_secret
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """For 24 hours every webhook carries two signatures, one by the new and one by the old secret."""
        secret = endpoints.rotate_secret(endpoint=own_endpoint(person(request), id))
        return Response(SecretSerializer({"secret": secret}).data)


class TestView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(
        request=TestEventSerializer,
        responses={201: DeliverySerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Send a test event",
    )
    @answered_once
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """It is tried once. Ask for the delivery to see what your endpoint answered."""
        endpoint = own_endpoint(person(request), id)
        asked = TestEventSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        delivery = replays.send_test(endpoint=endpoint, kind=asked.validated_data["kind"])
        return Response(DeliverySerializer(delivery).data, status.HTTP_201_CREATED)


class ReplayFailedView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(
        request=SinceSerializer,
        responses=ReplayedSerializer,
        parameters=[IDEMPOTENCY_KEY],
        summary="Send again everything that failed",
    )
    @answered_once
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        endpoint = own_endpoint(person(request), id)
        asked = SinceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        replayed = replays.replay_failed(endpoint=endpoint, since=asked.validated_data["since"])
        return Response(ReplayedSerializer({"replayed": replayed}).data)


class DeliveriesView(GenericAPIView[Delivery]):
    scopes = needs(Scope.WEBHOOKS)
    serializer_class = DeliverySerializer
    queryset = Delivery.objects.none()

    @extend_schema(
        responses=DeliverySerializer(many=True),
        parameters=[
            OpenApiParameter("state", str, description="`waiting`, `delivered` or `failed`."),
            OpenApiParameter("kind", str, description="Of the event."),
        ],
        summary="What was sent to an endpoint, newest first",
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 - as above
        """Kept for 30 days."""
        asked = {name: request.query_params.get(name, "") for name in ("state", "kind")}
        page = self.paginate_queryset(deliveries_of(own_endpoint(person(request), id), **asked))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class DeliveryView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(responses=DeliveryWithAttemptsSerializer, summary="One delivery, with its attempts")
    def get(self, request: Request, id: UUID, delivery: UUID) -> Response:  # noqa: A002 - as above
        return Response(DeliveryWithAttemptsSerializer(own_delivery(person(request), id, delivery)).data)


class ReplayView(APIView):
    scopes = needs(Scope.WEBHOOKS)

    @extend_schema(
        request=None, responses=DeliverySerializer, parameters=[IDEMPOTENCY_KEY], summary="Send a delivery again"
    )
    @answered_once
    def post(self, request: Request, id: UUID, delivery: UUID) -> Response:  # noqa: A002 - as above
        """At once, and with the same `webhook-id`: a receiver that has it already knows."""
        own = own_delivery(person(request), id, delivery)
        replays.replay(delivery=own)
        own.refresh_from_db()
        return Response(DeliverySerializer(own).data)
