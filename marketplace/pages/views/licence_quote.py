"""The way to a licence for one version: its terms in words, a quote, and the agreement."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts.roles import Right
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import shown_version
from marketplace.errors import Refusal
from marketplace.ledger.selectors import wallet_balance
from marketplace.licences.described import partner_names
from marketplace.licences.selectors import policy_of
from marketplace.licences.words import statements
from marketplace.pages.countries import countries
from marketplace.pages.desks import Desk, desk_of
from marketplace.pages.forms.licence import LicenceForm
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.licensed import permissions
from marketplace.partners import licensing
from marketplace.partners.matrix import may_license
from marketplace.partners.notices import takedown_of
from marketplace.partners.policies import permitted
from marketplace.partners.prices import unit_price
from marketplace.partners.selectors import active_grants
from marketplace.partners.territory import common


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def licence_to(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """What may be licensed of it; after POST with the quote that was asked for."""
    posted = request.method == "POST"
    desk = desk_of(request, slug, Right.KEYS if posted else Right.SEE_MONEY)
    version = shown_version(version_id)
    if not posted:
        return _page(request, desk, version, LicenceForm(where=_where(desk, version)))
    form = LicenceForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, version, form, status=HTTPStatus.BAD_REQUEST)
    try:
        quote = licensing.quote_grant(account=desk.account, wanted=form.wanted(version.pk))
    except Refusal as refusal:
        return _page(request, desk, version, form, status=show_refusal(form, refusal))
    return _page(request, desk, version, form, quote=quote)


@require_POST
@login_required
def accept(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """A quote that is accepted twice still is one grant."""
    desk = desk_of(request, slug, Right.KEYS)
    try:
        grant = licensing.accept(account=desk.account, quote=request.POST.get("quote", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("pages:license", slug, version_id)
    messages.success(request, gettext("Licensed. Your programs may name the grant from now on."))
    return redirect("pages:grant", slug, grant.pk)


def _page(
    request: HttpRequest,
    desk: Desk,
    version: StyleVersion,
    form: LicenceForm,
    *,
    quote: licensing.GrantQuote | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The whole page, or for htmx the form and the quote: with status 200, or it would not show them."""
    where = _where(desk, version)
    context = {
        "desk": desk,
        "version": version,
        "form": form,
        "offered": permissions(permitted(policy_of(version))),
        "where": where,
        "countries": countries(where),
        **(_quoted(desk, quote) if quote else {}),
    }
    if request.headers.get("HX-Request"):
        return render(request, "parts/licence_offer.html", context)
    return render(request, "pages/license.html", context | _terms(desk, version), status=status)


def _quoted(desk: Desk, quote: licensing.GrantQuote) -> dict[str, object]:
    return {
        "quote": quote,
        "agreed": permissions(quote.wanted.permissions),
        "until": timezone.now() + quote.wanted.term,
        "at_most_micro": quote.unit_price_micro * quote.wanted.images,
        "missing_micro": max(0, quote.total_micro - wallet_balance(desk.account)),
    }


def _terms(desk: Desk, version: StyleVersion) -> dict[str, object]:
    """What the page tells beside the form."""
    prefetch_related_objects([version], "examples", "takedowns")
    policy = policy_of(version)
    return {
        "clauses": statements(policy, partner_names(policy)),
        "price_micro": unit_price(desk.partner, version),
        "is_open": may_license(desk.partner, version),
        "takedown": takedown_of(version),
        "grant": active_grants(desk.partner, [version], timezone.now()).get(version.pk),
    }


def _where(desk: Desk, version: StyleVersion) -> tuple[str, ...]:
    """The countries that creator and hub let this partner license it for; none means everywhere."""
    return common(policy_of(version).territory, desk.partner.territories) or ()
