"""Publishing a ready upload under its creator's terms."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from marketplace.catalogue.selectors import styles_of
from marketplace.catalogue.services import publish as publish_version
from marketplace.errors import Conflict, Refusal
from marketplace.pages.forms.publish import PublishForm, values_from
from marketplace.pages.people import signed_in
from marketplace.uploads.models import Upload
from marketplace.uploads.selectors import own_upload


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def publish(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    creator = signed_in(request)
    upload = own_upload(creator, upload_id)
    if upload.state != Upload.State.READY:
        raise Conflict(gettext("This file can't be published. The studio says what state it is in."), code="not_ready")
    if request.method != "POST":
        form = PublishForm(
            initial=values_from(upload), styles=styles_of(creator), organisations=creator.organisations.all()
        )
        return render(request, "pages/publish.html", {"form": form, "upload": upload})
    form, status = PublishForm(request.POST, styles=styles_of(creator), organisations=creator.organisations.all()), 400
    if form.is_valid():
        try:
            version = publish_version(creator=creator, upload=upload, terms=form.terms())
        except Refusal as refusal:
            status = form.show(refusal)
        else:
            messages.success(request, gettext("Published. Its sample picture is being drawn."))
            return redirect("pages:style", version.style.slug)
    return render(request, "pages/publish.html", {"form": form, "upload": upload}, status=status)
