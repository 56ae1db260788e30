"""Addresses below /api/v1/: one's account, API keys, OAuth clients, organisations."""

from django.urls import path

from marketplace.accounts.api import (
    ClientsView,
    ClientView,
    KeysView,
    KeyView,
    RotateClientView,
    RotateKeyView,
)
from marketplace.accounts.organisations_api import (
    AcceptInvitationView,
    InvitationsView,
    InvitationView,
    MembersView,
    MemberView,
    OrganisationsView,
    OrganisationView,
)
from marketplace.accounts.profile_api import AccountView

organisation = "organisations/<slug:slug>"
urlpatterns = [
    path("account", AccountView.as_view(), name="account"),
    path("keys", KeysView.as_view(), name="keys"),
    path("keys/<int:id>", KeyView.as_view(), name="key"),
    path("keys/<int:id>/rotate", RotateKeyView.as_view(), name="key-rotate"),
    path("oauth-clients", ClientsView.as_view(), name="oauth-clients"),
    path("oauth-clients/<int:id>", ClientView.as_view(), name="oauth-client"),
    path("oauth-clients/<int:id>/rotate", RotateClientView.as_view(), name="oauth-client-rotate"),
    path("organisations", OrganisationsView.as_view(), name="organisations"),
    path(organisation, OrganisationView.as_view(), name="organisation"),
    path(f"{organisation}/members", MembersView.as_view(), name="organisation-members"),
    path(f"{organisation}/members/<int:id>", MemberView.as_view(), name="organisation-member"),
    path(f"{organisation}/invitations", InvitationsView.as_view(), name="organisation-invitations"),
    path(f"{organisation}/invitations/<int:id>", InvitationView.as_view(), name="organisation-invitation"),
    path("invitations/accept", AcceptInvitationView.as_view(), name="accept-invitation"),
]
