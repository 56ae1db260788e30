"""Addresses below /api/v1/: bases, styles, versions."""

from django.urls import path

from marketplace.catalogue.api import BaseModelsView, StylesView, StyleView, VersionsView, WithdrawView
from marketplace.catalogue.version_api import OwnStylesView, VersionView

urlpatterns = [
    path("base-models", BaseModelsView.as_view(), name="base-models"),
    path("styles", StylesView.as_view(), name="styles"),
    path("styles/<slug:slug>", StyleView.as_view(), name="style"),
    path("account/styles", OwnStylesView.as_view(), name="own-styles"),
    path("versions", VersionsView.as_view(), name="versions"),
    path("versions/<id:id>", VersionView.as_view(), name="version"),
    path("versions/<id:id>/withdraw", WithdrawView.as_view(), name="version-withdraw"),
]
