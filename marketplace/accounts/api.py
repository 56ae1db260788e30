"""API tokens over REST, for people who are signed in: a token can't make further tokens."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.tokens import create_token, revoke_token, tokens_of
from marketplace.api.auth import person


class TokenSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The beginning of the token, to tell it from others.")
    name = serializers.CharField()
    created = serializers.DateTimeField()


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True, default="")


class MadeTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown this once. Send it as `Authorization: Bearer <token>`.")


class TokensView(APIView):
    authentication_classes = (SessionAuthentication,)

    @extend_schema(responses=TokenSerializer(many=True), operation_id="tokens_list", summary="Your API tokens")
    def get(self, request: Request) -> Response:
        return Response(TokenSerializer(tokens_of(person(request)), many=True).data)

    @extend_schema(request=NewTokenSerializer, responses={201: MadeTokenSerializer}, summary="Make an API token")
    def post(self, request: Request) -> Response:
        asked = NewTokenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        info, text = create_token(user=person(request), name=asked.validated_data["name"])
        answer = {"key": info.key, "name": info.name, "created": info.created, "token": text}
        return Response(MadeTokenSerializer(answer).data, status.HTTP_201_CREATED)


class TokenView(APIView):
    authentication_classes = (SessionAuthentication,)

    @extend_schema(responses={204: None}, summary="Revoke an API token")
    def delete(self, request: Request, key: str) -> Response:
        revoke_token(user=person(request), key=key)
        return Response(status=status.HTTP_204_NO_CONTENT)
