"""An organisation's grants: how far each is used, its signed receipt, and the images made under it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hub.receipts import KEYS_ADDRESS, REVOCATIONS_ADDRESS
from marketplace.generation.images import generation_image
from marketplace.pages.cursors import cursor_page
from marketplace.pages.desks import desk_of
from marketplace.pages.licensed import permissions
from marketplace.partners.documents import agreement_file, receipt_file
from marketplace.partners.issuing import grant_receipt, image_receipt
from marketplace.partners.limits import used
from marketplace.partners.notices import notice_of, recent_notices
from marketplace.partners.permits import GRANT
from marketplace.partners.selectors import grants_of, images_of, own_grant, own_licensed_image

VERIFY = f"""curl -fsS {{site}}{KEYS_ADDRESS} -o keys.json
curl -fsS {{site}}{REVOCATIONS_ADDRESS} -o revocations.jws
irodori verify-receipt receipt.jws --keys keys.json --image image.png --revocations revocations.jws"""


@require_safe
@login_required
@never_cache
def grants(request: HttpRequest, slug: str) -> HttpResponse:
    """Newest first, below what was agreed with the organisation and what is left of it."""
    desk, now = desk_of(request, slug), timezone.now()
    page = cursor_page(request, grants_of(desk.partner))
    prefetch_related_objects(page.rows, "agreement__version__examples")
    context = {
        "desk": desk,
        "page": page,
        "grants": [(grant, grant.state(now)) for grant in page.rows],
        "used": used(desk.partner, now),
        "notices": recent_notices(desk.partner, now),
    }
    return render(request, "pages/grants.html", context)


@require_safe
@login_required
@never_cache
def grant(request: HttpRequest, slug: str, grant_id: UUID) -> HttpResponse:
    desk = desk_of(request, slug)
    found = own_grant(desk.partner, grant_id)
    prefetch_related_objects([found], "agreement__version__examples", "agreement__version__takedowns")
    context = {
        "desk": desk,
        "grant": found,
        "state": found.state(timezone.now()),
        "permissions": permissions(found.agreement.permissions),
        "notice": notice_of(found),
        "page": cursor_page(request, images_of(found), ("ordered_at", "pk")),
        "header": GRANT,
        "verify": VERIFY.format(site=request.build_absolute_uri("/").rstrip("/")),
    }
    return render(request, "pages/grant.html", context)


@require_safe
@login_required
def receipt(request: HttpRequest, slug: str, grant_id: UUID) -> HttpResponse:
    return receipt_file(grant_receipt(own_grant(desk_of(request, slug).partner, grant_id)))


@require_safe
@login_required
def agreement(request: HttpRequest, slug: str, grant_id: UUID) -> HttpResponse:
    found = own_grant(desk_of(request, slug).partner, grant_id)
    response = agreement_file(found, request.build_absolute_uri("/"))
    response["Content-Disposition"] = f'attachment; filename="agreement-{found.agreement_id}.jsonld"'
    return response


@require_safe
@login_required
def image(request: HttpRequest, slug: str, generation_id: UUID) -> HttpResponseBase:
    return generation_image(request, own_licensed_image(desk_of(request, slug).account, generation_id).generation)


@require_safe
@login_required
def image_receipt_file(request: HttpRequest, slug: str, generation_id: UUID) -> HttpResponse:
    return receipt_file(image_receipt(own_licensed_image(desk_of(request, slug).account, generation_id)))
