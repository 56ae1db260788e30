"""Staff agree on terms with partners, revoke grants and publish takedowns; what was agreed or signed is never edited."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.admin import ReadOnlyAdmin
from marketplace.partners.models import Agreement, Grant, Partner, PartnerPrice, Takedown
from marketplace.partners.revoking import publish_takedown, revoke


class PriceInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs alone
    model = PartnerPrice
    extra = 1
    autocomplete_fields = ("version",)


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    list_display = ("organisation", "suspended", "images_per_day", "images_per_month", "spend_cap_micro", "price_bp")
    list_filter = ("suspended",)
    search_fields = ("organisation__name", "organisation__slug")
    autocomplete_fields = ("organisation",)
    inlines = (PriceInline,)


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin):
    list_display = ("id", "partner", "version", "payment", "images", "total_micro", "ends_at")
    list_filter = ("payment",)
    search_fields = ("id", "partner__organisation__name", "version__style__title")


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    list_display = ("id", "partner", "agreement", "created_at", "revoked_at", "revoked_reason")
    search_fields = ("id", "partner__organisation__name")
    actions = ("revoke_them",)

    @admin.action(description=_("Revoke, and return what was prepaid for images never made"))
    def revoke_them(self, request: HttpRequest, grants: QuerySet[Grant]) -> None:
        for grant in grants:
            revoke(grant_id=grant.pk, reason=str(_("Revoked by the hub.")))
        messages.success(request, _("They are revoked, and on the published list."))


@admin.register(Takedown)
class TakedownAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    list_display = ("version", "reason", "claimant", "published_at")
    autocomplete_fields = ("version",)

    def has_change_permission(self, request: HttpRequest, obj: Takedown | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Takedown | None = None) -> bool:  # noqa: ARG002 - as above
        return False

    def save_model(self, request: HttpRequest, obj: Takedown, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]  # noqa: ARG002 - as above
        made = publish_takedown(version=obj.version, reason=obj.reason, claimant=obj.claimant)
        obj.pk, obj.published_at = made.pk, made.published_at
        obj._state.adding = False
