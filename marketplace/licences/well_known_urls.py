"""Addresses below /.well-known/ (RFC 8615)."""

from django.urls import path

from marketplace.licences.tdmrep import tdmrep

urlpatterns = [path("tdmrep.json", tdmrep, name="tdmrep")]
