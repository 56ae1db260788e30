"""Addresses below /api/v1/: the licence of a version, in its forms."""

from django.urls import path

from marketplace.licences.api import LicenceView

LICENCE = "styles/<slug:slug>/versions/<int:number>/licence"
urlpatterns = [
    path(LICENCE, LicenceView.as_view(), name="licence"),
    path(f"{LICENCE}.<str:format>", LicenceView.as_view(), name="licence-document"),
]
