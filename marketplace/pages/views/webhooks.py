"""An account's endpoints: added, changed, given a new secret, switched off and deleted."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts.roles import Right
from marketplace.errors import Refusal
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.forms.webhook import EndpointForm, kind_choices
from marketplace.pages.people import signed_in
from marketplace.pages.workspaces import chosen, workspace_of, workspaces
from marketplace.webhooks.endpoints import change_endpoint, create_endpoint, delete_endpoint, rotate_secret
from marketplace.webhooks.kinds import TEST
from marketplace.webhooks.models import Delivery, Endpoint
from marketplace.webhooks.samples import samples
from marketplace.webhooks.selectors import deliveries_of, endpoints_of, managed_endpoint

PER_PAGE = 25


@require_safe
@login_required
def webhooks(request: HttpRequest) -> HttpResponse:
    return _list(request, EndpointForm())


@require_POST
@login_required
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """Answers with the page of the new endpoint and its secret, this one time."""
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=HTTPStatus.BAD_REQUEST)
    try:
        endpoint = create_endpoint(account=chosen(request, Right.KEYS)[1], **form.cleaned_data)
    except Refusal as refusal:
        return _list(request, form, status=show_refusal(form, refusal))
    return show(request, endpoint, secret=endpoint.secret)


@require_safe
@login_required
def webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    return show(request, managed_endpoint(signed_in(request), endpoint_id))


@require_POST
@login_required
def change(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint, form = managed_endpoint(signed_in(request), endpoint_id), EndpointForm(request.POST)
    if not form.is_valid():
        return show(request, endpoint, form=form, status=HTTPStatus.BAD_REQUEST)
    try:
        change_endpoint(endpoint=endpoint, **form.cleaned_data)
    except Refusal as refusal:
        return show(request, endpoint, form=form, status=show_refusal(form, refusal))
    messages.success(request, gettext("The endpoint is changed."))
    return redirect("pages:webhook", endpoint_id)


@require_POST
@login_required
def switch(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    enabled = request.POST.get("enabled") == "yes"
    change_endpoint(endpoint=managed_endpoint(signed_in(request), endpoint_id), enabled=enabled)
    on, off = gettext("The endpoint is on. Replay below what was missed."), gettext("Nothing more is sent to it.")
    messages.success(request, on if enabled else off)
    return redirect("pages:webhook", endpoint_id)


@require_POST
@login_required
@never_cache
def rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = managed_endpoint(signed_in(request), endpoint_id)
    return show(request, endpoint, secret=rotate_secret(endpoint=endpoint))


@require_POST
@login_required
def delete(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = managed_endpoint(signed_in(request), endpoint_id)
    delete_endpoint(endpoint=endpoint)
    messages.success(request, gettext("The endpoint and its log are deleted."))
    return redirect(workspace_of(endpoint.account).address("pages:webhooks"))


def show(
    request: HttpRequest,
    endpoint: Endpoint,
    *,
    form: EndpointForm | None = None,
    secret: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page of one endpoint: tester, log and settings."""
    asked = {name: request.GET.get(name, "") for name in ("state", "kind")}
    context = {
        "endpoint": endpoint,
        "list_address": workspace_of(endpoint.account).address("pages:webhooks"),
        "form": form or EndpointForm.of(endpoint),
        "secret": secret,
        "page": Paginator(deliveries_of(endpoint, **asked), PER_PAGE).get_page(request.GET.get("page")),
        "asked": asked,
        "states": Delivery.State.choices,
        "kinds": kind_choices(),
        "test_kind": TEST,
        "samples": samples(),
    }
    return render(request, "pages/webhook.html", context, status=status)


def _list(request: HttpRequest, form: EndpointForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    workspace, account = chosen(request, Right.KEYS)
    context = {
        "workspace": workspace,
        "workspaces": workspaces(signed_in(request), Right.KEYS),
        "endpoints": endpoints_of(account),
        "form": form,
        "add_address": workspace.address("pages:add_webhook"),
    }
    return render(request, "pages/webhooks.html", context, status=status)
