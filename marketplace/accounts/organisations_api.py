"""Organisations over REST: made, seen, renamed; members, roles and invitations."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts import invitations, organisations
from marketplace.accounts.models import Invitation, Membership, Organisation
from marketplace.accounts.organisations import organisation_for, rights_of
from marketplace.accounts.roles import Right, Role
from marketplace.accounts.scopes import Scope
from marketplace.api.auth import person
from marketplace.api.idempotency import IDEMPOTENCY_KEY, answered_once
from marketplace.api.scopes import needs

READ_OR_WRITE = needs(Scope.ORGANISATION_WRITE, get=Scope.ORGANISATION_READ)
ROLE = serializers.ChoiceField(Role.choices, help_text="The how-to “organisations” says what each may do.")


class OrganisationSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    account_id = serializers.IntegerField(help_text="Whom its programs act as.")
    rights = serializers.SerializerMethodField(help_text="What you may do for it.")

    def get_rights(self, organisation: Organisation) -> list[str]:
        return sorted(rights_of(person(self.context["request"]), organisation))


@extend_schema_serializer(examples=[OpenApiExample("A studio", {"name": "Film Archive"}, request_only=True)])
class NameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()


class MemberSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="user_id")
    name = serializers.CharField(source="user.display_name")
    role = ROLE


@extend_schema_serializer(examples=[OpenApiExample("Who keeps its keys", {"role": "developer"}, request_only=True)])
class RoleSerializer(serializers.Serializer[Any]):
    role = ROLE


@extend_schema_serializer(
    examples=[OpenApiExample("A colleague", {"email": "mara@example.org", "role": "developer"}, request_only=True)]
)
class NewInvitationSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    role = ROLE


@extend_schema_serializer(
    examples=[
        OpenApiExample("As the mail has it", {"link": "https://hub.example/invitations/NDI.c2ln/"}, request_only=True)
    ]
)
class InvitationLinkSerializer(serializers.Serializer[Any]):
    link = serializers.CharField(
        max_length=500, help_text="The whole link of the mail, or what follows /invitations/ in it."
    )

    def token(self) -> str:
        return str(self.validated_data["link"]).rstrip("/").rpartition("/")[2]


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    role = ROLE
    created_at = serializers.DateTimeField()
    link = serializers.SerializerMethodField(help_text="What the mail holds: good for a week, once, for that address.")

    def get_link(self, invitation: Invitation) -> str:
        return invitation_link(self.context["request"], invitation)


class OrganisationsView(GenericAPIView[Organisation]):
    scopes = READ_OR_WRITE
    serializer_class = OrganisationSerializer
    queryset = Organisation.objects.none()

    @extend_schema(responses=OrganisationSerializer(many=True), summary="Your organisations, newest first")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(organisations.organisations_of(person(request)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=NameSerializer,
        responses={201: OrganisationSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Make an organisation",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """You are its owner. It gets a wallet, and an account that its keys act as."""
        asked = NameSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = organisations.create_organisation(name=asked.validated_data["name"], owner=person(request))
        return Response(_described(made, request), status.HTTP_201_CREATED)


class OrganisationView(APIView):
    scopes = READ_OR_WRITE

    @extend_schema(responses=OrganisationSerializer, summary="One of your organisations")
    def get(self, request: Request, slug: str) -> Response:
        return Response(_described(organisation_for(person(request), slug), request))

    @extend_schema(request=NameSerializer, responses=OrganisationSerializer, summary="Rename an organisation")
    def patch(self, request: Request, slug: str) -> Response:
        """Its slug stays."""
        asked = NameSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        organisation = organisation_for(person(request), slug, Right.MANAGE)
        organisations.rename(organisation=organisation, name=asked.validated_data["name"])
        return Response(_described(organisation, request))


class MembersView(GenericAPIView[Membership]):
    scopes = READ_OR_WRITE
    serializer_class = MemberSerializer
    queryset = Membership.objects.none()
    order = ("pk",)

    @extend_schema(
        responses=MemberSerializer(many=True), summary="The members of an organisation, who joined last first"
    )
    def get(self, request: Request, slug: str) -> Response:
        page = self.paginate_queryset(organisations.members_of(organisation_for(person(request), slug)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class MemberView(APIView):
    scopes = READ_OR_WRITE

    @extend_schema(request=RoleSerializer, responses=MemberSerializer, summary="Give a member another role")
    def patch(self, request: Request, slug: str, id: int) -> Response:  # noqa: A002 - the name in the address
        asked = RoleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        organisation = organisation_for(person(request), slug, Right.MANAGE)
        role = asked.validated_data["role"]
        membership = organisations.give_role(organisation=organisation, user_id=id, role=role)
        return Response(MemberSerializer(membership).data)

    @extend_schema(responses={204: None}, summary="Remove a member, or leave")
    def delete(self, request: Request, slug: str, id: int) -> Response:  # noqa: A002 - as above
        """Everybody may leave; the last owner makes another member an owner first."""
        user = person(request)
        right = Right.SEE if id == user.pk else Right.MANAGE
        organisations.remove_member(organisation=organisation_for(user, slug, right), user_id=id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationsView(GenericAPIView[Invitation]):
    scopes = READ_OR_WRITE
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.none()

    @extend_schema(responses=InvitationSerializer(many=True), summary="Invitations that are open, newest first")
    def get(self, request: Request, slug: str) -> Response:
        found = invitations.open_invitations(organisation_for(person(request), slug, Right.MANAGE))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=NewInvitationSerializer,
        responses={201: InvitationSerializer},
        parameters=[IDEMPOTENCY_KEY],
        summary="Invite somebody by e-mail",
    )
    @answered_once
    def post(self, request: Request, slug: str) -> Response:
        """An address that is invited already gets a new link, and the old one ends."""
        asked = NewInvitationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = person(request)
        organisation = organisation_for(user, slug, Right.MANAGE)
        made = invitations.invite(organisation=organisation, invited_by=user, **asked.validated_data)
        invitations.send_invitation(made, invitation_link(request, made))
        return Response(InvitationSerializer(made, context={"request": request}).data, status.HTTP_201_CREATED)


class InvitationView(APIView):
    scopes = READ_OR_WRITE

    @extend_schema(responses={204: None}, summary="Withdraw an invitation")
    def delete(self, request: Request, slug: str, id: int) -> Response:  # noqa: A002 - as above
        organisation = organisation_for(person(request), slug, Right.MANAGE)
        invitations.withdraw_invitation(organisation=organisation, invitation_id=id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AcceptInvitationView(APIView):
    scopes = READ_OR_WRITE

    @extend_schema(
        request=InvitationLinkSerializer,
        responses=OrganisationSerializer,
        parameters=[IDEMPOTENCY_KEY],
        summary="Accept an invitation",
    )
    @answered_once
    def post(self, request: Request) -> Response:
        """You are a member from then on. It must have gone to your own address, and is good once."""
        asked = InvitationLinkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        joined = invitations.accept(token=asked.token(), user=person(request))
        return Response(_described(joined, request))


def invitation_link(request: Any, invitation: Invitation) -> str:
    """The whole address of the page that accepts it."""
    path = reverse("pages:invitation", args=[invitations.link_token(invitation)])
    return str(request.build_absolute_uri(path))


def _described(organisation: Organisation, request: Request) -> dict[str, Any]:
    return dict(OrganisationSerializer(organisation, context={"request": request}).data)
