"""The address map: pages, API, plugins' own pages."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from hub.config import plugin_registry


def plugin_urls() -> list[URLPattern | URLResolver]:
    """Pages that plugins bring, below /plugins/<name>/."""
    return [
        path(f"plugins/{plugin.name}/", include(f"{plugin.django_app}.urls"))
        for plugin in plugin_registry().plugins.values()
        if plugin.django_app and find_spec(f"{plugin.django_app}.urls")
    ]


urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/", include("marketplace.api.urls")),
    path(".well-known/", include("marketplace.ledger.well_known_urls")),
    path(".well-known/", include("marketplace.licences.well_known_urls")),
    path(".well-known/", include("marketplace.partners.well_known_urls")),
    path("", include("marketplace.accounts.oauth_urls")),
    path("v1/", include("marketplace.stability.urls")),
    path("v1/", include("marketplace.openai.urls")),
    *plugin_urls(),
    path("", include("marketplace.pages.urls")),
]
