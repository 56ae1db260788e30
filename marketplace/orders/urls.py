"""Addresses below /api/v1/: wallets, purchases, subscriptions and pictures for sale."""

from django.urls import path

from marketplace.orders.api import OrganisationTopUpView, OrganisationWalletView, TopUpView, WalletView
from marketplace.orders.listings_api import ListingPreviewView, ListingsView, ListingView, OwnListingsView
from marketplace.orders.purchases_api import PurchaseFileView, PurchaseQuotesView, PurchasesView, PurchaseView
from marketplace.orders.subscriptions_api import (
    CreatorOfferView,
    OwnOfferView,
    StopView,
    SubscriptionsView,
    SubscriptionView,
)
from marketplace.orders.top_ups_api import OwnTopUpView

urlpatterns = [
    path("wallet", WalletView.as_view(), name="wallet"),
    path("top-ups", TopUpView.as_view(), name="top-ups"),
    path("organisations/<slug:slug>/wallet", OrganisationWalletView.as_view(), name="organisation-wallet"),
    path("organisations/<slug:slug>/top-ups", OrganisationTopUpView.as_view(), name="organisation-top-ups"),
    path("top-ups/<uuid:id>", OwnTopUpView.as_view(), name="top-up"),
    path("purchases", PurchasesView.as_view(), name="purchases"),
    path("purchases/quotes", PurchaseQuotesView.as_view(), name="purchase-quotes"),
    path("purchases/<uuid:id>", PurchaseView.as_view(), name="purchase"),
    path("purchases/<uuid:id>/file", PurchaseFileView.as_view(), name="purchase-file"),
    path("subscriptions", SubscriptionsView.as_view(), name="subscriptions"),
    path("subscriptions/<id:creator>", SubscriptionView.as_view(), name="subscription"),
    path("subscriptions/<id:creator>/stop", StopView.as_view(), name="subscription-stop"),
    path("creators/<id:creator>/subscription", CreatorOfferView.as_view(), name="creator-subscription"),
    path("account/subscription", OwnOfferView.as_view(), name="own-subscription"),
    path("account/listings", OwnListingsView.as_view(), name="own-listings"),
    path("listings", ListingsView.as_view(), name="listings"),
    path("listings/<uuid:id>", ListingView.as_view(), name="listing"),
    path("listings/<uuid:id>/preview", ListingPreviewView.as_view(), name="listing-preview"),
]
