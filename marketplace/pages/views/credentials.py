"""The portal's pages of API keys and of OAuth clients, which differ in their words alone."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts import credentials
from marketplace.accounts.models import Credential
from marketplace.accounts.roles import Right
from marketplace.accounts.scopes import MEANING
from marketplace.errors import Refusal
from marketplace.pages.forms.credential import OVERLAPS, CredentialForm, RotateForm
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.people import signed_in
from marketplace.pages.workspaces import chosen, workspaces

VIEWS = {Credential.Kind.KEY: "pages:keys", Credential.Kind.CLIENT: "pages:clients"}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def held(request: HttpRequest, kind: str) -> HttpResponse:
    """The list; after POST with the new secret in it, which is stored as a hash only and can be shown this once."""
    if request.method != "POST":
        return _page(request, kind, CredentialForm())
    form = CredentialForm(request.POST)
    if not form.is_valid():
        return _page(request, kind, form, status=HTTPStatus.BAD_REQUEST)
    _, account = chosen(request, Right.KEYS)
    try:
        made, secret = credentials.make_credential(
            kind=kind,
            account=account,
            made_by=signed_in(request),
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
        )
    except Refusal as refusal:
        return _page(request, kind, form, status=show_refusal(form, refusal))
    return _page(request, kind, CredentialForm(), made=made, secret=secret)


@require_POST
@login_required
@never_cache
def rotate(request: HttpRequest, kind: str, credential_id: int) -> HttpResponse:
    """Raises NotFound for another's."""
    credential = credentials.own_credential(chosen(request, Right.KEYS)[1], kind, credential_id)
    form = RotateForm(request.POST)
    overlap = form.overlap() if form.is_valid() else credentials.USUAL_OVERLAP
    secret = credentials.rotate(credential=credential, overlap=overlap)
    return _page(request, kind, CredentialForm(), made=credential, secret=secret)


@require_POST
@login_required
def revoke(request: HttpRequest, kind: str, credential_id: int) -> HttpResponse:
    """Raises NotFound for another's."""
    workspace, account = chosen(request, Right.KEYS)
    credentials.revoke(credential=credentials.own_credential(account, kind, credential_id))
    messages.success(request, gettext("Revoked. Programs that use it are refused from now on."))
    return redirect(workspace.address(VIEWS[Credential.Kind(kind)]))


def _page(
    request: HttpRequest,
    kind: str,
    form: CredentialForm,
    *,
    made: Credential | None = None,
    secret: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    workspace, account = chosen(request, Right.KEYS)
    context = {
        "kind": kind,
        "workspace": workspace,
        "workspaces": workspaces(signed_in(request), Right.KEYS),
        "address": workspace.address(VIEWS[Credential.Kind(kind)]),
        "held": credentials.credentials_of(account, kind),
        "form": form,
        "meanings": [(scope.value, meaning) for scope, meaning in MEANING.items()],
        "overlaps": OVERLAPS,
        "made": made,
        "secret": secret,
    }
    return render(request, "pages/credentials.html", context, status=status)
