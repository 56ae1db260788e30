"""Staff add and remove names; a name is never edited, so that every process notices the change."""

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from marketplace.errors import InvalidInput
from marketplace.rights.models import OptOutName
from marketplace.rights.services import add_opt_out


class OptOutForm(ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    class Meta:
        model = OptOutName
        fields = ("name", "kind")

    def _post_clean(self) -> None:
        """Save through the service, whose refusal belongs beside the field."""
        super()._post_clean()  # type: ignore[misc]  # a Django hook that the stubs leave out
        if self.errors:
            return
        try:
            self.instance = add_opt_out(name=self.cleaned_data["name"], kind=self.cleaned_data["kind"])
        except InvalidInput as refusal:
            self.add_error("name", refusal.message)


@admin.register(OptOutName)
class OptOutNameAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    form = OptOutForm
    list_display = ("name", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("name", "folded")

    def has_change_permission(self, request: HttpRequest, obj: OptOutName | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def save_model(self, request: HttpRequest, obj: OptOutName, form: object, change: bool) -> None:
        """The form saved it already."""
