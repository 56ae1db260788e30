"""Addresses below /api/v1/: statements."""

from django.urls import path

from marketplace.statements.api import StatementView

urlpatterns = [path("earnings/statement.csv", StatementView.as_view(), name="statement")]
