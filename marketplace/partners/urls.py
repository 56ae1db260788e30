"""Addresses below /api/v1/: licensing, and receipts of images."""

from django.urls import path

from marketplace.partners.api import (
    AgreementView,
    GrantQuotesView,
    GrantReceiptView,
    GrantsView,
    GrantView,
    ImageReceiptView,
    LicensableView,
    TermsView,
)
from marketplace.partners.reports_api import StatementSheetView, StatementsView, UsageSheetView, UsageView

urlpatterns = [
    path("partner/licensable", LicensableView.as_view(), name="partner-licensable"),
    path("partner/terms", TermsView.as_view(), name="partner-terms"),
    path("partner/quotes", GrantQuotesView.as_view(), name="partner-quotes"),
    path("partner/grants", GrantsView.as_view(), name="partner-grants"),
    path("partner/grants/<uuid:id>", GrantView.as_view(), name="partner-grant"),
    path("partner/grants/<uuid:id>/agreement", AgreementView.as_view(), name="partner-agreement"),
    path("partner/grants/<uuid:id>/receipt", GrantReceiptView.as_view(), name="partner-grant-receipt"),
    path("partner/usage", UsageView.as_view(), name="partner-usage"),
    path("partner/usage.csv", UsageSheetView.as_view(), name="partner-usage-sheet"),
    path("partner/statements", StatementsView.as_view(), name="partner-statements"),
    path("partner/statements/<str:month>.csv", StatementSheetView.as_view(), name="partner-statement-sheet"),
    path("generations/<uuid:id>/receipt", ImageReceiptView.as_view(), name="generation-receipt"),
]
