"""A person's own settings: API tokens, theme, language."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts import tokens
from marketplace.errors import Refusal
from marketplace.pages.forms.refusals import show_refusal
from marketplace.pages.forms.token import TokenForm
from marketplace.pages.people import signed_in


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return _page(request, TokenForm())


@require_POST
@login_required
@never_cache
def create_token(request: HttpRequest) -> HttpResponse:
    """Answers with the token itself: it is stored as a hash only, so this is the one time it can be shown."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=HTTPStatus.BAD_REQUEST)
    try:
        _, token = tokens.create_token(user=signed_in(request), name=form.cleaned_data["name"])
    except Refusal as refusal:
        return _page(request, form, status=show_refusal(form, refusal))
    return _page(request, TokenForm(), token=token)


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_key: str) -> HttpResponse:
    """Raises NotFound for a token of someone else's too."""
    tokens.revoke_token(user=signed_in(request), key=token_key)
    messages.success(request, gettext("The token is revoked. Programs that use it are refused from now on."))
    return redirect("pages:account")


def _page(request: HttpRequest, form: TokenForm, *, token: str = "", status: int = HTTPStatus.OK) -> HttpResponse:
    context = {"tokens": tokens.tokens_of(signed_in(request)), "form": form, "token": token}
    return render(request, "pages/account.html", context, status=status)
