"""Staff keep content libraries. Bases get their licensors by `manage.py set_licensor`: a plan is never edited."""

from typing import ClassVar

from django.contrib import admin

from marketplace.payouts.models import ContentLibrary


@admin.register(ContentLibrary)
class ContentLibraryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    list_display = ("title", "organisation", "url")
    prepopulated_fields: ClassVar = {"slug": ("title",)}
