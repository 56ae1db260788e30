"""Addresses below /.well-known/ (RFC 8615)."""

from django.urls import path

from hub.receipts import KEYS_ADDRESS, REVOCATIONS_ADDRESS
from marketplace.partners.well_known import receipt_keys, revocations

PREFIX = "/.well-known/"
urlpatterns = [
    path(KEYS_ADDRESS.removeprefix(PREFIX), receipt_keys, name="receipt-keys"),
    path(REVOCATIONS_ADDRESS.removeprefix(PREFIX), revocations, name="revocations"),
]
