"""Addresses below /api/v1/: batches."""

from django.urls import path

from marketplace.batches.api import (
    BatchesView,
    BatchEventsView,
    BatchItemsView,
    BatchQuoteView,
    BatchView,
    CancelBatchView,
)

urlpatterns = [
    path("batches", BatchesView.as_view(), name="batches"),
    path("batches/quote", BatchQuoteView.as_view(), name="batch-quote"),
    path("batches/<uuid:id>", BatchView.as_view(), name="batch"),
    path("batches/<uuid:id>/items", BatchItemsView.as_view(), name="batch-items"),
    path("batches/<uuid:id>/cancel", CancelBatchView.as_view(), name="batch-cancel"),
    path("batches/<uuid:id>/events", BatchEventsView.as_view(), name="batch-events"),
]
