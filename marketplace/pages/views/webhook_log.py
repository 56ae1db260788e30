"""What was sent to an endpoint, sent again, and the tester."""

import json
from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.errors import InvalidInput, Refusal
from marketplace.pages.forms.refusals import refusal_fragment
from marketplace.pages.people import signed_in
from marketplace.webhooks.kinds import TEST, kinds
from marketplace.webhooks.models import Delivery
from marketplace.webhooks.openapi import payload_example
from marketplace.webhooks.replays import replay, replay_failed, send_test
from marketplace.webhooks.selectors import managed_endpoint, own_delivery


@require_safe
@login_required
@never_cache
def delivery(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = _managed_delivery(request, endpoint_id, delivery_id)
    return render(request, "pages/webhook_delivery.html", _context(found))


@require_POST
@login_required
def replay_one(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = _managed_delivery(request, endpoint_id, delivery_id)
    try:
        replay(delivery=found)
        messages.success(request, gettext("It is being sent again."))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("pages:webhook_delivery", endpoint_id, delivery_id)


@require_POST
@login_required
def replay_since(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = managed_endpoint(signed_in(request), endpoint_id)
    try:
        count = replay_failed(endpoint=endpoint, since=_start_of(request.POST.get("since", "")))
        text = ngettext("%(count)d delivery is being sent again.", "%(count)d deliveries are being sent again.", count)
        messages.success(request, text % {"count": count})
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("pages:webhook", endpoint_id)


@require_POST
@login_required
def test(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """The tester's answer, which asks for itself until there is a result; without a script, the delivery's page."""
    endpoint = managed_endpoint(signed_in(request), endpoint_id)
    try:
        sent = send_test(endpoint=endpoint, kind=request.POST.get("kind", TEST))
    except Refusal as refusal:
        return refusal_fragment(request, refusal)
    if not request.headers.get("HX-Request"):
        return redirect("pages:webhook_delivery", endpoint_id, sent.pk)
    return _result(request, sent)


@require_safe
@login_required
@never_cache
def test_result(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    return _result(request, _managed_delivery(request, endpoint_id, delivery_id))


@require_safe
@login_required
def sample(request: HttpRequest) -> HttpResponse:
    """What a kind of event looks like. For one that there is not, the tester's own."""
    kind = kinds().get(request.GET.get("kind", ""), kinds()[TEST])
    return render(request, "parts/webhook_sample.html", {"kind": kind, "payload": _pretty(payload_example(kind))})


def _managed_delivery(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    endpoint = managed_endpoint(signed_in(request), endpoint_id)
    return own_delivery(endpoint.account, endpoint_id, delivery_id)


def _result(request: HttpRequest, found: Delivery) -> HttpResponse:
    return render(request, "parts/webhook_result.html", _context(found))


def _context(found: Delivery) -> dict[str, object]:
    return {
        "delivery": found,
        "endpoint": found.endpoint,
        "attempts": found.attempts_made.all(),
        "payload": _pretty(json.loads(found.message.body)),
        "is_waiting": found.state == Delivery.State.WAITING,
    }


def _pretty(payload: object) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _start_of(day: str) -> datetime:
    """Raises InvalidInput."""
    try:
        date = parse_date(day)
    except ValueError:
        date = None
    if date is None:
        raise InvalidInput(gettext("Choose a day, such as 2026-11-24."), code="bad_date", field="since")
    return datetime(date.year, date.month, date.day, tzinfo=UTC)
