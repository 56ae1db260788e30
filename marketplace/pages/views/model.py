"""One style: its pictures, its terms, and the form that orders an image with it."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.catalogue.channels import open_channel, openings
from marketplace.catalogue.licences import LICENCES, Licence
from marketplace.catalogue.models import Style, StyleVersion
from marketplace.catalogue.selectors import style_page
from marketplace.licences.described import partner_names, subject_of
from marketplace.licences.rules import is_reserved
from marketplace.licences.selectors import policy_of
from marketplace.licences.words import Statement, statements
from marketplace.orders.selectors import subscription_offer
from marketplace.pages.views.generate import answer_form
from marketplace.pages.views.licence import with_licence
from marketplace.payouts.selectors import earners, lineage

SAMPLES = 8


@require_http_methods(["GET", "HEAD", "POST"])
def style(request: HttpRequest, slug: str) -> HttpResponse:
    """The version that `?version=` numbers, else the newest; a POST orders with the version whose terms were shown."""
    page = style_page(slug)
    version = _shown_version(page, request)
    # The row's own style would be fetched again, with its creator.
    version.style = page
    versions = [each for each in page.versions.all() if each.is_published]
    context = {
        "style": page,
        "version": version,
        "versions": versions,
        "samples": [each for each in versions if each.cover][:SAMPLES],
        "earners": earners(version),
        "subscription_offer": subscription_offer(page.creator),
        "channel": open_channel(version, timezone.now()),
        "openings": openings(version),
        "parents": lineage(version),
        "licence": LICENCES.get(version.licence, Licence(version.licence, version.licence, "")),
        "clauses": _clauses(version),
        "subject": subject_of(version, request.build_absolute_uri("/")),
        "reserved": is_reserved(policy_of(version)),
        "expired": version.expires is not None and timezone.now().date() > version.expires,
    }
    response = answer_form(request, "pages/style.html", context, base=version.pack.base_model, version=version)
    return with_licence(request, response, version)


def _clauses(version: StyleVersion) -> list[Statement]:
    """What is permitted and prohibited, and each condition that limits it."""
    policy = policy_of(version)
    return [line for line in statements(policy, partner_names(policy)) if line.allowed is not None or line.detail]


def _shown_version(page: Style, request: HttpRequest) -> StyleVersion:
    if request.method == "POST":
        name, asked = "pk", request.POST.get("version")
    else:
        name, asked = "number", request.GET.get("version")
    return next((version for version in page.versions.all() if str(getattr(version, name)) == asked), page.latest)
