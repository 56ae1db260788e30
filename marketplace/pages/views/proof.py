"""One movement, and the proof of it that the browser checks by itself."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.ledger.sealing.proofs import own_entries, own_transaction
from marketplace.ledger.sealing.waiting import waiting
from marketplace.pages.people import signed_in


@require_safe
@login_required
@never_cache
def proof(request: HttpRequest, transaction_id: UUID) -> HttpResponse:
    viewer = signed_in(request)
    posted = own_transaction(viewer, transaction_id)
    context = {
        "posted": posted,
        "seal": getattr(posted, "seal", None),
        "entries": own_entries(viewer, posted),
        "waiting": waiting(),
    }
    return render(request, "pages/proof.html", context)
