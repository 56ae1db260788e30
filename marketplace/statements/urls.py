"""Addresses below /api/v1/: movements, receipts, usage, earnings, statements and the platform's own figures."""

from django.urls import path

from marketplace.statements.api import StatementView
from marketplace.statements.earnings_api import EntriesView, ReportView
from marketplace.statements.platform_api import CostsView, SolvencyView
from marketplace.statements.usage_api import OrderedView
from marketplace.statements.wallet_api import MovementsView, ReceiptFileView, ReceiptView

urlpatterns = [
    path("wallet/movements", MovementsView.as_view(), name="wallet-movements"),
    path("receipts/<uuid:id>", ReceiptView.as_view(), name="receipt"),
    path("receipts/<uuid:id>/pdf", ReceiptFileView.as_view(), name="receipt-pdf"),
    path("earnings/report", ReportView.as_view(), name="earnings-report"),
    path("earnings/entries", EntriesView.as_view(), name="earnings-entries"),
    path("earnings/statement.csv", StatementView.as_view(), name="statement"),
    path("usage", OrderedView.as_view(), name="usage"),
    path("solvency", SolvencyView.as_view(), name="solvency"),
    path("costs", CostsView.as_view(), name="costs"),
]
