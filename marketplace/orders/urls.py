"""Addresses below /api/v1/: wallets."""

from django.urls import path

from marketplace.orders.api import OrganisationTopUpView, OrganisationWalletView, TopUpView, WalletView

urlpatterns = [
    path("wallet", WalletView.as_view(), name="wallet"),
    path("top-ups", TopUpView.as_view(), name="top-ups"),
    path("organisations/<slug:slug>/wallet", OrganisationWalletView.as_view(), name="organisation-wallet"),
    path("organisations/<slug:slug>/top-ups", OrganisationTopUpView.as_view(), name="organisation-top-ups"),
]
