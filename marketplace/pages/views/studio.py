"""A creator's workplace: their uploads and what they have published."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.models import User
from marketplace.catalogue.selectors import own_version, styles_of
from marketplace.catalogue.services import withdraw as withdraw_version
from marketplace.errors import Conflict
from marketplace.ledger.selectors import earned_balance
from marketplace.orders.selectors import subscription_offer
from marketplace.pages.people import signed_in
from marketplace.uploads.downloads import lora_file
from marketplace.uploads.extraction import start_extraction
from marketplace.uploads.models import Upload
from marketplace.uploads.selectors import own_upload, uploads_of
from marketplace.uploads.services import abort_upload as abort

BUSY = (Upload.State.CHECKING, Upload.State.CONVERTING)
SHOWN_UPLOADS = 12


@require_safe
@login_required
def studio(request: HttpRequest) -> HttpResponse:
    creator = signed_in(request)
    context = {
        "styles": styles_of(creator),
        "earned": earned_balance(creator),
        "subscription": subscription_offer(creator),
    }
    return render(request, "pages/studio.html", context | _uploads(creator))


@require_safe
@login_required
def uploads(request: HttpRequest) -> HttpResponse:
    """The list alone, which asks for itself again while a file is being checked."""
    return render(request, "parts/uploads.html", _uploads(signed_in(request)))


@require_POST
@login_required
def withdraw(request: HttpRequest, version_id: int) -> HttpResponse:
    version = own_version(signed_in(request), version_id)
    withdraw_version(version=version)
    title = {"title": version.style.title, "number": version.number}
    messages.success(request, gettext("“%(title)s” version %(number)s is withdrawn.") % title)
    return redirect("pages:studio")


@require_POST
@login_required
def abort_upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    try:
        abort(upload=own_upload(signed_in(request), upload_id))
        messages.success(request, gettext("The upload is cancelled, and its parts are deleted."))
    except Conflict as refusal:
        messages.info(request, refusal.message)
    return redirect("pages:studio")


@require_POST
@login_required
def make_lora(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    start_extraction(upload=own_upload(signed_in(request), upload_id))
    messages.success(request, gettext("A LoRA is being made of it. This may take some minutes."))
    return redirect("pages:studio")


@require_safe
@login_required
def download_lora(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    return lora_file(own_upload(signed_in(request), upload_id))


def _uploads(creator: User) -> dict[str, object]:
    """What still needs its creator: neither published nor cancelled, newest first."""
    waiting = uploads_of(creator).exclude(state=Upload.State.ABORTED).filter(pack__versions__isnull=True)
    shown = list(waiting[:SHOWN_UPLOADS])
    return {"uploads": shown, "busy": any(upload.state in BUSY for upload in shown)}
