"""Addresses below /api/v1/: tokens."""

from django.urls import path

from marketplace.accounts.api import TokensView, TokenView

urlpatterns = [
    path("tokens", TokensView.as_view(), name="tokens"),
    path("tokens/<slug:key>", TokenView.as_view(), name="token"),
]
