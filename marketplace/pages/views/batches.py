"""Batches: the list, the form that orders one, and one with its pictures while they are drawn."""

import math
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.batches.models import Batch
from marketplace.batches.selectors import batches_of, get_for_buyer, items_of, standing, standings
from marketplace.batches.services import cancel_rest, quote_batch, request_batch
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import base_models
from marketplace.errors import InvalidInput, ManyRefusals, Refusal
from marketplace.ledger.selectors import wallet_balance
from marketplace.pages.forms.batch import BatchForm
from marketplace.pages.forms.refusals import refusal_fragment, show_refusal
from marketplace.pages.people import signed_in
from marketplace.pages.views.generate import chosen_base

BATCHES_PER_PAGE, PICTURES_PER_PAGE = 20, 48
# So many refused lines are told one by one.
MOST_NAMED = 5


@require_safe
@login_required
def batches(request: HttpRequest) -> HttpResponse:
    page = Paginator(batches_of(signed_in(request)), BATCHES_PER_PAGE).get_page(request.GET.get("page"))
    now = standings([batch.pk for batch in page])
    return render(request, "pages/batches.html", {"page": page, "rows": [(batch, now[batch.pk]) for batch in page]})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_batch(request: HttpRequest) -> HttpResponse:
    """Show the form, or order what it says and go to the new batch."""
    form, status = _form(request), 200
    if request.method == "POST":
        status = 400
        try:
            if form.is_valid():
                return redirect("pages:batch", _ordered(request, form).pk)
        except ManyRefusals as refusals:
            _show_lines(form, refusals)
        except Refusal as refusal:
            status = show_refusal(form, refusal)
    return render(request, "pages/new_batch.html", {"form": form, "version": form.version}, status=status)


@require_POST
@login_required
def batch_quote(request: HttpRequest) -> HttpResponse:
    """The price of what the form says right now, and who would get it."""
    form, person = _form(request), signed_in(request)
    if not form.is_valid():
        return refusal_fragment(request, InvalidInput(gettext("Write a prompt on each line to see the price.")))
    try:
        price, token = quote_batch(buyer=person, requests=form.requests())
    except Refusal as refusal:
        return refusal_fragment(request, refusal)
    missing = max(0, price.total_micro - wallet_balance(person))
    return render(request, "parts/batch_quote.html", {"quote": price, "token": token, "missing_micro": missing})


@require_safe
@login_required
@never_cache
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The page, or to htmx what changes in it."""
    template = "parts/batch.html" if request.headers.get("HX-Request") else "pages/batch.html"
    return render(request, template, _context(request, get_for_buyer(signed_in(request), batch_id)))


@require_POST
@login_required
def batch_cancel(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    stopped = cancel_rest(batch=get_for_buyer(signed_in(request), batch_id))
    told = ngettext("%(count)s picture cancelled.", "%(count)s pictures cancelled.", stopped) % {"count": stopped}
    messages.success(request, f"{told} {gettext('Their credits are back in your wallet.')}")
    return redirect("pages:batch", batch_id)


def _context(request: HttpRequest, found: Batch) -> dict[str, object]:
    now = standing(found)
    pictures = Paginator(items_of(found), PICTURES_PER_PAGE).get_page(request.GET.get("page"))
    eta = None if now.eta_seconds is None else max(1, math.ceil(now.eta_seconds / 60))
    return {"batch": found, "now": now, "page": pictures, "minutes": eta}


def _form(request: HttpRequest) -> BatchForm:
    said: QueryDict = request.POST if request.method == "POST" else request.GET
    version = _version(said.get("version", ""))
    base = version.pack.base_model if version else chosen_base(list(base_models()), said.get("base", ""))
    return BatchForm(request.POST if request.method == "POST" else None, base=base, version=version)


def _version(number: str) -> StyleVersion | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 18):
        return None
    return StyleVersion.objects.select_related("style", "pack__base_model").filter(pk=int(number)).first()


def _ordered(request: HttpRequest, form: BatchForm) -> Batch:
    """At the price that the page showed last, where it could show one."""
    return request_batch(
        buyer=signed_in(request),
        requests=form.requests(),
        name=form.cleaned_data["name"],
        quote=request.POST.get("quote", ""),
    )


def _show_lines(form: BatchForm, refusals: ManyRefusals) -> None:
    form.add_error(None, refusals.message)
    for path, refusal in list(refusals.refusals.items())[:MOST_NAMED]:
        number = int(path.split(".")[1])
        told = {"number": number + 1, "why": refusal.message}
        form.add_error("prompts", gettext("Prompt %(number)s: %(why)s") % told)
