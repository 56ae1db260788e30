"""Addresses below /api/v1/: the ledger."""

from django.urls import path

from marketplace.ledger.api import BlocksView, ProofView

urlpatterns = [
    path("ledger/blocks", BlocksView.as_view(), name="ledger-blocks"),
    path("ledger/proofs/<uuid:id>", ProofView.as_view(), name="ledger-proof"),
]
