"""API keys and OAuth clients over REST, for people who are signed in: a key can't make further keys.

Their secrets are shown once, and therefore not kept as answers of an Idempotency-Key.
"""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts import credentials
from marketplace.accounts.models import Credential, User
from marketplace.accounts.organisations import account_for
from marketplace.accounts.roles import Right
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import tells_a_secret
from marketplace.api.scopes import PEOPLE_ONLY

HOURS = int(credentials.MAX_OVERLAP.total_seconds()) // 3600
ORGANISATION = OpenApiParameter("organisation", description="Slug of an organisation, where they are not your own.")


class CredentialSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    identifier = serializers.CharField(
        source="label", help_text="The beginning of a key, to tell it from others; a client's `client_id`."
    )
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField([scope.value for scope in Scope]))
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    previous_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Until then the secret before it holds too; those before that until the time that was chosen for them.",
    )


class MadeSerializer(CredentialSerializer):
    secret = serializers.CharField(read_only=True, help_text="Shown this once. Of a key it is the whole key.")


@extend_schema_serializer(
    examples=[OpenApiExample("For a program", {"name": "my script", "scopes": ["generate"]}, request_only=True)]
)
class NewSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True, default="")
    scopes = serializers.ListField(child=serializers.ChoiceField([scope.value for scope in Scope]), allow_empty=False)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)


@extend_schema_serializer(examples=[OpenApiExample("Without a gap", {"overlap_hours": 24}, request_only=True)])
class RotateSerializer(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(
        default=int(credentials.USUAL_OVERLAP.total_seconds()) // 3600,
        min_value=0,
        max_value=HOURS,
        help_text="How long the old secret holds beside the new one.",
    )


class CredentialsView(GenericAPIView[Credential]):
    """A subclass says of which kind."""

    scopes = PEOPLE_ONLY
    serializer_class = CredentialSerializer
    queryset = Credential.objects.none()
    kind: str

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(credentials.credentials_of(_account(request), self.kind))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @tells_a_secret
    def post(self, request: Request) -> Response:
        asked = NewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made, secret = credentials.make_credential(
            kind=self.kind, account=_account(request), made_by=person(request), **asked.validated_data
        )
        return Response(_with_secret(made, secret), status.HTTP_201_CREATED)


class CredentialView(APIView):
    scopes = PEOPLE_ONLY
    kind: str

    def delete(self, request: Request, id: int) -> Response:  # noqa: A002 - the name in the address and in OpenAPI
        credentials.revoke(credential=credentials.own_credential(_account(request), self.kind, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateView(APIView):
    scopes = PEOPLE_ONLY
    kind: str

    @tells_a_secret
    def post(self, request: Request, id: int) -> Response:  # noqa: A002 - as above
        asked = RotateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        credential = credentials.own_credential(_account(request), self.kind, id)
        overlap = timedelta(hours=asked.validated_data["overlap_hours"])
        return Response(_with_secret(credential, credentials.rotate(credential=credential, overlap=overlap)))


def _listed(words: str) -> Any:
    """What the schema says about a list of them."""
    return extend_schema_view(
        get=extend_schema(
            parameters=[ORGANISATION],
            responses=CredentialSerializer(many=True),
            summary=f"The {words}s of an account, newest first",
        ),
        post=extend_schema(
            parameters=[ORGANISATION],
            request=NewSerializer,
            responses={201: MadeSerializer},
            summary=f"Make an {words}",
            description="Its secret is in the answer, and nowhere else: the hub keeps a hash.",
        ),
    )


def _single(words: str) -> Any:
    return extend_schema_view(
        delete=extend_schema(parameters=[ORGANISATION], responses={204: None}, summary=f"Revoke an {words}")
    )


def _rotated(words: str) -> Any:
    return extend_schema_view(
        post=extend_schema(
            parameters=[ORGANISATION],
            request=RotateSerializer,
            responses=MadeSerializer,
            summary=f"Give an {words} a new secret",
            description="The one before goes on for `overlap_hours`, so that programs can be changed without a gap.",
        )
    )


@_listed("API key")
class KeysView(CredentialsView):
    kind = Credential.Kind.KEY


@_single("API key")
class KeyView(CredentialView):
    kind = Credential.Kind.KEY


@_rotated("API key")
class RotateKeyView(RotateView):
    kind = Credential.Kind.KEY


@_listed("OAuth client")
class ClientsView(CredentialsView):
    kind = Credential.Kind.CLIENT


@_single("OAuth client")
class ClientView(CredentialView):
    kind = Credential.Kind.CLIENT


@_rotated("OAuth client")
class RotateClientView(RotateView):
    kind = Credential.Kind.CLIENT


def _account(request: Request) -> User:
    """The caller's own, or the organisation's that the address names. Raises NotFound or NotAllowed."""
    return account_for(person(request), request.query_params.get("organisation", ""), Right.KEYS)


def _with_secret(credential: Credential, secret: str) -> dict[str, Any]:
    return {**CredentialSerializer(credential).data, "secret": secret}
