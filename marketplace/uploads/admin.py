"""Staff see what was uploaded and why it was refused."""

from django.contrib import admin

from marketplace.catalogue.admin import ReadOnlyAdmin
from marketplace.uploads.models import Upload


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "owner", "state", "format", "refusal_code", "size", "created_at")
    list_filter = ("state", "format", "refusal_code")
    search_fields = ("file_name", "sha256", "owner__email")
