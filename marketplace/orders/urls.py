"""Addresses below /api/v1/: the wallet."""

from django.urls import path

from marketplace.orders.api import TopUpView, WalletView

urlpatterns = [
    path("wallet", WalletView.as_view(), name="wallet"),
    path("top-ups", TopUpView.as_view(), name="top-ups"),
]
