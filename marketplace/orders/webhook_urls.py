"""Addresses below /api/payments/: where payment providers send their webhooks. No version: providers store them."""

from django.urls import path

from marketplace.orders.api import WebhookView

urlpatterns = [path("<slug:provider>/webhook", WebhookView.as_view(), name="payment-webhook")]
