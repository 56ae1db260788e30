"""Everything below /api/: version 1, the providers' webhooks, the schema and its page."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from marketplace.api.docs import DocsView
from marketplace.api.unknown import UnknownAddressView

app_name = "api"
v1 = [
    path("", include(f"marketplace.{app}.urls"))
    for app in (
        "accounts",
        "batches",
        "catalogue",
        "generation",
        "ledger",
        "licences",
        "orders",
        "partners",
        "statements",
        "uploads",
        "webhooks",
    )
]
urlpatterns = [
    path("v1/", include(v1)),
    path("payments/", include("marketplace.orders.webhook_urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    re_path("", UnknownAddressView.as_view()),  # the last, for it takes whatever is left
]
