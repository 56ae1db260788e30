"""Staff keep organisations, their libraries and the licensors of bases."""

from django.contrib import admin

from marketplace.payouts.models import ContentLibrary


@admin.register(ContentLibrary)
class ContentLibraryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    list_display = ("title", "organisation", "url")
    prepopulated_fields = {"slug": ("title",)}
