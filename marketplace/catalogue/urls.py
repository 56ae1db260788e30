"""Addresses below /api/v1/: bases, styles, versions."""

from django.urls import path

from marketplace.catalogue.api import BaseModelsView, StylesView, StyleView, VersionsView, WithdrawView

urlpatterns = [
    path("base-models", BaseModelsView.as_view(), name="base-models"),
    path("styles", StylesView.as_view(), name="styles"),
    path("styles/<slug:slug>", StyleView.as_view(), name="style"),
    path("versions", VersionsView.as_view(), name="versions"),
    path("versions/<int:id>/withdraw", WithdrawView.as_view(), name="version-withdraw"),
]
