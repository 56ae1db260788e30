"""A version's licence in plain words, and what the site tells crawlers."""

from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from marketplace.catalogue.licences import LICENCES, Licence
from marketplace.catalogue.models import StyleVersion
from marketplace.licences import rsl
from marketplace.licences.described import licensed_version, partner_names, subject_of
from marketplace.licences.rules import is_reserved
from marketplace.licences.selectors import policy_of
from marketplace.licences.words import statements

A_DAY = 24 * 3600
R = TypeVar("R", bound=HttpResponseBase)


@require_safe
def licence(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    version = licensed_version(slug, number)
    policy = policy_of(version)
    clauses = statements(policy, partner_names(policy))
    context = {
        "version": version,
        "style": version.style,
        "licence": LICENCES.get(version.licence, Licence(version.licence, version.licence, "")),
        "allowed": [clause for clause in clauses if clause.allowed is True],
        "forbidden": [clause for clause in clauses if clause.allowed is False],
        "conditions": [clause for clause in clauses if clause.allowed is None],
        "base": version.pack.base_model,
        "subject": subject_of(version, request.build_absolute_uri("/")),
        "reserved": is_reserved(policy),
    }
    return with_licence(request, render(request, "pages/licence.html", context), version)


def with_licence(request: HttpRequest, response: R, version: StyleVersion) -> R:
    """The headers by which machines find the licence of what is shown, and whether mining is reserved."""
    subject = subject_of(version, request.build_absolute_uri("/"))
    response["Link"] = f'<{subject.uid}.rsl>; rel="license"; type="{rsl.MEDIA_TYPE}"'
    response["tdm-reservation"] = "1" if is_reserved(policy_of(version)) else "0"
    response["tdm-policy"] = f"{subject.uid}.tdmrep"
    return response


@require_safe
@cache_control(public=True, max_age=A_DAY)
def robots(request: HttpRequest) -> HttpResponse:
    address = request.build_absolute_uri(reverse("pages:site_licence"))
    return render(request, "robots.txt", {"licence": address}, content_type="text/plain")


@require_safe
@cache_control(public=True, max_age=A_DAY)
def site_licence(request: HttpRequest) -> HttpResponse:
    """For every page that names no licence of its own."""
    return HttpResponse(rsl.site_document(request.build_absolute_uri("/")), content_type=rsl.MEDIA_TYPE)
