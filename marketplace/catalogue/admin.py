"""Staff look at the catalogue and switch bases; what creators stated is not edited for them."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from marketplace.catalogue.models import BaseModel, Pack, Style, StyleVersion


@admin.register(BaseModel)
class BaseModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    list_display = ("title", "slug", "engine", "enabled")
    list_filter = ("engine", "enabled")
    prepopulated_fields: ClassVar = {"slug": ("title",)}


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - as above
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - as above
        return False


@admin.register(Pack)
class PackAdmin(ReadOnlyAdmin):
    list_display = ("sha256", "kind", "rank", "size", "base_model")
    list_filter = ("kind", "base_model")
    search_fields = ("sha256",)


@admin.register(Style)
class StyleAdmin(ReadOnlyAdmin):
    list_display = ("title", "creator", "created_at")
    search_fields = ("title", "slug", "creator__email")


@admin.register(StyleVersion)
class StyleVersionAdmin(ReadOnlyAdmin):
    list_display = ("style", "number", "state", "licence", "price_micro", "published_at")
    list_filter = ("state", "licence")
    search_fields = ("style__title", "style__creator__email")
