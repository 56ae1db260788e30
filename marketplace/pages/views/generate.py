"""Ordering an image: the plain base's page, the live price, and what the style's page shares with them."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.accounts.models import User
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.catalogue.selectors import base_models
from marketplace.errors import InvalidInput, NotFound, Refusal, Unavailable
from marketplace.generation.models import Generation
from marketplace.generation.selectors import get_for_buyer
from marketplace.generation.services import quote as quoted
from marketplace.generation.services import request_generation
from marketplace.ledger.selectors import wallet_balance
from marketplace.pages.forms.generate import GenerateForm, values_of
from marketplace.pages.forms.refusals import refusal_fragment, show_refusal
from marketplace.pages.people import signed_in
from marketplace.pages.sign_in import to_sign_in
from marketplace.pages.sources import stored_source


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """The form of a base without a style."""
    bases = list(base_models())
    base = chosen_base(bases, request.GET.get("base") or request.POST.get("base_model", ""))
    return answer_form(request, "pages/create.html", {"bases": bases}, base=base, version=None)


@require_POST
@login_required
def quote(request: HttpRequest) -> HttpResponse:
    """The price of what the form says right now, and who would get it."""
    version = _version(request.POST)
    base = version.pack.base_model if version else get_object_or_404(base_models(), slug=request.POST.get("base_model"))
    # The price does not depend on the words, which may still be missing.
    form = GenerateForm(_with_some_prompt(request.POST), base=base, version=version)
    person = signed_in(request)
    if not form.is_valid():
        mistakes = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return refusal_fragment(request, InvalidInput(mistakes))
    try:
        price, token = quoted(buyer=person, request=form.request())
    except Refusal as refusal:
        return refusal_fragment(request, refusal)
    missing = max(0, price.total_micro - wallet_balance(person))
    return render(request, "parts/quote.html", {"quote": price, "token": token, "missing_micro": missing})


def answer_form(
    request: HttpRequest, template: str, context: dict[str, Any], *, base: BaseModel, version: StyleVersion | None
) -> HttpResponse:
    """Show the form, or order what it says and go to the new generation."""
    if request.method != "POST":
        form = GenerateForm(initial=initial_values(request), base=base, version=version)
        return render(request, template, context | {"form": form, "open_details": "from" in request.GET})
    if not isinstance(request.user, User):
        return to_sign_in(request)
    form = GenerateForm(request.POST, request.FILES, base=base, version=version)
    status, valid = 400, form.is_valid()
    try:
        # Whatever else is wrong: a picture that was sent need not be sent again.
        form.source = stored_source(request.user, form.cleaned_data)
        if valid:
            return redirect("pages:generation", order(request, request.user, form).pk)
    except Refusal as refusal:
        status = show_refusal(form, refusal)
    return render(request, template, context | {"form": form, "open_details": True}, status=status)


def order(request: HttpRequest, buyer: User, form: GenerateForm) -> Generation:
    """At the price that the page showed last, where it could show one."""
    return request_generation(buyer=buyer, request=form.request(), quote=request.POST.get("quote", ""))


def initial_values(request: HttpRequest) -> dict[str, Any]:
    """The settings of an earlier image of one's own, when `?from=` names it; its seed only with `seed=same`.

    `?picture=` names one to start from.
    """
    if not isinstance(request.user, User):
        return {}
    if "picture" in request.GET:
        return _start_from(request.user, request.GET["picture"])
    if "from" not in request.GET:
        return {}
    try:
        values = values_of(get_for_buyer(request.user, request.GET["from"]))
    except NotFound:
        return {}
    if request.GET.get("seed") != "same":
        values["seed"] = None
    return values


def _start_from(person: User, generation_id: str) -> dict[str, Any]:
    try:
        image = get_for_buyer(person, generation_id)
    except NotFound:
        return {}
    if image.state != Generation.State.SUCCEEDED:
        return {}
    values = values_of(image)
    return {name: values[name] for name in ("prompt", "size")} | {"picture_of": image.pk}


def chosen_base(bases: list[BaseModel], slug: str) -> BaseModel:
    """The base of this name, else the first. Raises Unavailable where the hub serves none."""
    if not bases:
        raise Unavailable(gettext("No base model is being served. Come back later."), code="no_base_model")
    return next((base for base in bases if base.slug == slug), bases[0])


def _version(data: QueryDict) -> StyleVersion | None:
    if not data.get("version"):
        return None
    versions = StyleVersion.objects.select_related("style__creator", "pack__base_model")
    return get_object_or_404(versions, pk=_number(data.get("version", "")))


def _number(text: str) -> int:
    """0, which names nothing, for what is no number."""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _with_some_prompt(data: QueryDict) -> QueryDict:
    copy = data.copy()
    copy["prompt"] = data.get("prompt", "").strip() or "-"
    return copy
