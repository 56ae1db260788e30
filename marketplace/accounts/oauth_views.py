"""The endpoints that give and end tokens, and the document by which a program finds them (RFC 8414)."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from marketplace.accounts import access_tokens
from marketplace.accounts.oauth import GRANT, OAuthError, granted
from marketplace.accounts.oauth_revocation import revoke_token
from marketplace.accounts.scopes import Scope
from marketplace.api.bodies import give_length

FORM = "application/x-www-form-urlencoded"
SHOWS_SECRET = ["client_secret_basic", "client_secret_post"]
UNREADABLE = (RequestDataTooBig, SuspiciousOperation, UnreadablePostError)


@csrf_exempt  # no cookie counts here: the client shows its secret
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    try:
        grant = granted(_form(request), request.headers.get("Authorization", ""))
    except OAuthError as error:
        return _refused(error)
    answer = {
        "access_token": access_tokens.issue(grant.client, grant.scopes),
        "token_type": "Bearer",
        "expires_in": access_tokens.LIFETIME_S,
        "scope": " ".join(grant.scopes),
    }
    return _never_kept(JsonResponse(answer))


@csrf_exempt  # as above
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    try:
        revoke_token(_form(request), request.headers.get("Authorization", ""))
    except OAuthError as error:
        return _refused(error)
    return _never_kept(HttpResponse())


@require_safe
def metadata(_request: HttpRequest) -> JsonResponse:
    site = settings.SITE.url.rstrip("/")
    return JsonResponse(
        {
            "issuer": site,
            "token_endpoint": site + reverse("oauth-token"),
            "token_endpoint_auth_methods_supported": SHOWS_SECRET,
            "revocation_endpoint": site + reverse("oauth-revoke"),
            "revocation_endpoint_auth_methods_supported": SHOWS_SECRET,
            "grant_types_supported": [GRANT],
            # Required by the RFC; there is no authorization endpoint, which is what the registered word says.
            "response_types_supported": ["none"],
            "scopes_supported": [scope.value for scope in Scope],
            "service_documentation": site + reverse("pages:developers"),
        }
    )


def _form(request: HttpRequest) -> dict[str, list[str]]:
    """Raises OAuthError for a body that is no form."""
    if request.content_type != FORM:
        raise OAuthError("invalid_request", f"Send the parameters as {FORM}.")
    try:
        give_length(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return dict(request.POST.lists())
    except UNREADABLE:
        raise OAuthError("invalid_request", "The body can't be read. Send a short form, in UTF-8.") from None


def _refused(error: OAuthError) -> HttpResponse:
    response = JsonResponse({"error": error.code, "error_description": error.description}, status=error.status)
    if error.code == "invalid_client":
        response["WWW-Authenticate"] = 'Basic realm="Irodori", charset="UTF-8"'
    return _never_kept(response)


def _never_kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response
