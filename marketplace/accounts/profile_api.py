"""One's own account over REST."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.profile import rename
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.etags import IF_MATCH, refuse_if_changed
from marketplace.api.fields import Text
from marketplace.api.scopes import needs


class OwnOrganisationSerializer(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("slug", "name")
        read_only_fields = fields


class AccountSerializer(serializers.ModelSerializer[User]):
    organisations = OwnOrganisationSerializer(many=True, help_text="Those that you are a member of.")

    class Meta:
        model = User
        fields = ("id", "email", "display_name", "organisations")
        read_only_fields = fields


@extend_schema_serializer(examples=[OpenApiExample("A new name", {"display_name": "Mara Voss"}, request_only=True)])
class RenameSerializer(serializers.Serializer[Any]):
    display_name = Text(help_text="Shown beside what you publish.")


class AccountView(APIView):
    scopes = needs(get=Scope.WALLET_READ, patch=Scope.EVERYTHING)

    @extend_schema(responses=AccountSerializer, summary="Your account")
    def get(self, request: Request) -> Response:
        return Response(AccountSerializer(person(request)).data)

    @extend_schema(
        request=RenameSerializer, responses=AccountSerializer, parameters=[IF_MATCH], summary="Change your name"
    )
    def patch(self, request: Request) -> Response:
        asked = RenameSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=person(request).pk)
            refuse_if_changed(request, AccountSerializer(user).data)
            rename(user=user, display_name=asked.validated_data["display_name"])
        return Response(AccountSerializer(user).data)
