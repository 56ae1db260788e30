"""Addresses of OAuth, as RFC 8414 and the metadata name them."""

from django.urls import path

from marketplace.accounts.oauth_views import metadata, revoke, token

urlpatterns = [
    path("oauth/token", token, name="oauth-token"),
    path("oauth/revoke", revoke, name="oauth-revoke"),
    path(".well-known/oauth-authorization-server", metadata, name="oauth-metadata"),
]
