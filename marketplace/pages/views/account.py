"""A person's own settings: API tokens, theme, language."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from knox.models import AuthToken

from marketplace.pages.people import signed_in


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/account.html", {"tokens": _tokens(request)})


@require_POST
@login_required
@never_cache
def create_token(request: HttpRequest) -> HttpResponse:
    """Answers with the token itself: it is stored as a hash only, so this is the one time it can be shown."""
    _, token = AuthToken.objects.create(signed_in(request))
    return render(request, "pages/account.html", {"tokens": _tokens(request), "token": token})


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_key: str) -> HttpResponse:
    """A token of someone else's is no token of yours: nothing happens."""
    _tokens(request).filter(token_key=token_key).delete()
    messages.success(request, gettext("The token is revoked. Programs that use it are refused from now on."))
    return redirect("pages:account")


def _tokens(request: HttpRequest) -> QuerySet[AuthToken]:
    tokens: QuerySet[AuthToken] = AuthToken.objects.filter(user=signed_in(request)).order_by("-created")
    return tokens
