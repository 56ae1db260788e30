"""Addresses below /.well-known/ (RFC 8615)."""

from django.urls import path

from marketplace.ledger.api import public_keys

urlpatterns = [path("irodori-ledger-keys.json", public_keys, name="ledger_keys")]
