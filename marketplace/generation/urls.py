"""Addresses below /api/v1/: quotes, images, earnings."""

from django.urls import path

from marketplace.generation.api import (
    CancelView,
    EarningsView,
    EventsView,
    GenerationsView,
    GenerationView,
    ImageView,
    PicturesView,
    PreviewView,
    QuoteView,
)
from marketplace.generation.pictures_api import ImageAsPictureView, PictureView

urlpatterns = [
    path("quotes", QuoteView.as_view(), name="quotes"),
    path("pictures", PicturesView.as_view(), name="pictures"),
    path("pictures/<slug:sha256>", PictureView.as_view(), name="picture"),
    path("generations", GenerationsView.as_view(), name="generations"),
    path("generations/<uuid:id>", GenerationView.as_view(), name="generation"),
    path("generations/<uuid:id>/cancel", CancelView.as_view(), name="generation-cancel"),
    path("generations/<uuid:id>/events", EventsView.as_view(), name="generation-events"),
    path("generations/<uuid:id>/picture", ImageAsPictureView.as_view(), name="generation-picture"),
    path("generations/<uuid:id>/image", ImageView.as_view(), name="generation-image"),
    path("generations/<uuid:id>/preview", PreviewView.as_view(), name="generation-preview"),
    path("earnings", EarningsView.as_view(), name="earnings"),
]
