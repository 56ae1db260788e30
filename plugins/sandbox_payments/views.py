"""The sandbox's checkout page: paying sends the signed webhook over HTTP, as a real provider would."""

from decimal import Decimal

import httpx
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from hub.plugin_api import CheckoutRequest
from plugins.sandbox_payments import checkout as checkouts
from plugins.sandbox_payments.plugin import SandboxConfig, plugin
from plugins.sandbox_payments.provider import SandboxProvider

TIMEOUT_SECONDS = 10


@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest, token: str) -> HttpResponse:
    asked = _asked(request, token)
    if request.method == "POST":
        if _paid(asked):
            return redirect(asked.return_url)
        return _page(request, asked, _("The hub did not accept the payment. Nothing was paid; try again."), status=502)
    return _page(request, asked)


def _page(request: HttpRequest, asked: CheckoutRequest, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "amount": f"{Decimal(asked.amount_micro) / 1_000_000:,.2f}",
        "currency": asked.currency,
        "return_url": asked.return_url,
        "problem": problem,
    }
    return render(request, "sandbox_payments/checkout.html", context, status=status)


def _asked(request: HttpRequest, token: str) -> CheckoutRequest:
    try:
        asked = checkouts.read(token, _config().webhook_secret)
    except checkouts.UnknownCheckoutError as error:
        raise Http404 from error
    # A checkout made under another name of this site would have us call, or send people to, another place.
    if not all(
        url_has_allowed_host_and_scheme(url, {request.get_host()}) for url in (asked.return_url, asked.webhook_url)
    ):
        raise Http404
    return asked


def _paid(asked: CheckoutRequest) -> bool:
    """Did the hub take the webhook?"""
    headers, body = SandboxProvider(_config()).paid_webhook(asked)
    try:
        # No proxy of the environment stands between the hub and itself.
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            return client.post(asked.webhook_url, content=body, headers=headers).is_success
    except httpx.HTTPError:
        return False


def _config() -> SandboxConfig:
    return SandboxConfig.model_validate(settings.HUB.plugin_config.get(plugin.name, {}))
