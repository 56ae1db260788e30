"""One generation, from the queue to the image and its receipt. Another person's does not exist."""

import base64
import math
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from marketplace.catalogue.licences import LICENCES
from marketplace.errors import Conflict, Unavailable
from marketplace.generation.images import forbid_training
from marketplace.generation.licensed import denied_as_input
from marketplace.generation.models import Generation
from marketplace.generation.obligations import credit_lines, may_be_used_in_business, shared_under
from marketplace.generation.previews import MEDIA_TYPE, preview_of
from marketplace.generation.pricing import split_of
from marketplace.generation.selectors import eta_seconds, get_for_buyer, outputs_may_train, place_in_queue
from marketplace.generation.services import cancel as cancel_generation
from marketplace.generation.validation import engine_info
from marketplace.orders.models import Listing
from marketplace.pages.people import signed_in
from marketplace.statements.receipts import receipt_of_generation

# What the form has fields for; programs mix more.
MOST_STYLES = 2
FINAL = {Generation.State.SUCCEEDED, Generation.State.FAILED, Generation.State.CANCELLED}


@require_safe
@login_required
@never_cache
def generation(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    return render(request, "pages/generation.html", _context(get_for_buyer(signed_in(request), generation_id)))


@require_safe
@login_required
@never_cache
def generation_status(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    """The progress and the state while it runs; once it is over, the whole, which asks no more."""
    found = get_for_buyer(signed_in(request), generation_id)
    if found.state not in FINAL:
        response = render(request, "parts/generation_status.html", _progress(found))
        return response if outputs_may_train(found) else forbid_training(response)
    response = render(request, "parts/generation.html", _context(found))
    return reswap(retarget(response, "#generation"), "outerHTML")


@require_POST
@login_required
def generation_cancel(request: HttpRequest, generation_id: UUID) -> HttpResponse:
    found = get_for_buyer(signed_in(request), generation_id)
    try:
        cancel_generation(generation=found)
        messages.success(request, gettext("Cancelled. Your credits are back in your wallet."))
    except Conflict as refusal:
        messages.info(request, refusal.message)
    return redirect("pages:generation", generation_id)


def _progress(generation: Generation) -> dict[str, object]:
    seconds = eta_seconds(generation)
    return {
        "generation": generation,
        "place": place_in_queue(generation),
        "eta": None if seconds is None else max(1, math.ceil(seconds)),
        "preview": _preview(generation),
    }


def _preview(generation: Generation) -> str:
    """Within the page, since the next is another one and none is worth keeping; "" where there is none."""
    content = preview_of(generation)
    return "" if content is None else f"data:{MEDIA_TYPE};base64,{base64.b64encode(content).decode('ascii')}"


def _context(generation: Generation) -> dict[str, object]:
    final = generation.state in FINAL
    adapters = list(generation.adapters.select_related("version__style__creator", "version__pack").order_by("pk"))
    return {
        **({"generation": generation} if final else _progress(generation)),
        "final": final,
        "adapters": adapters,
        "split": split_of(generation),
        "listing": Listing.objects.filter(generation=generation).first(),
        "sale_licences": LICENCES.values(),
        "receipt": receipt_of_generation(generation) if final else None,
        "image_url": _image_url(generation),
        "again_url": _again_url(generation, [use.version.style.slug for use in adapters]),
        "start_url": _start_url(generation, [use.version.style.slug for use in adapters]),
        "credit_lines": credit_lines(generation),
        "for_business": may_be_used_in_business(generation),
        "shared_under": LICENCES.get(shared_under(generation)),
    }


def _image_url(generation: Generation) -> str:
    """ "" where there is nothing to see: not finished, or made by an engine that makes no pictures."""
    if not generation.image_media_type.startswith("image/"):
        return ""
    return reverse("pages:generation_image", args=[generation.pk])


def _again_url(generation: Generation, slugs: list[str]) -> str:
    """The page whose form asks for such an image; "" for what it has no fields for: more styles, or a refiner that the base had."""
    lost_refiner = generation.refiner_start is not None and not generation.base_model.has_refiner
    if len(slugs) > MOST_STYLES or lost_refiner:
        return ""
    return f"{_form_page(generation, slugs)}from={generation.pk}"


def _start_url(generation: Generation, slugs: list[str]) -> str:
    """The page whose form starts from this image; "" where it is none, or where its base can't or a style rules it out."""
    possible = _image_url(generation) and generation.base_model.enabled and _takes_pictures(generation)
    if not possible or denied_as_input(generation):
        return ""
    return f"{_form_page(generation, slugs)}picture={generation.pk}"


def _takes_pictures(generation: Generation) -> bool:
    try:
        return engine_info(generation.base_model).takes_pictures
    except Unavailable:
        return False


def _form_page(generation: Generation, slugs: list[str]) -> str:
    """With the style it names first, or the plain base; up to where a parameter may follow."""
    if slugs:
        return reverse("pages:style", args=slugs[:1]) + "?"
    return f"{reverse('pages:create')}?base={generation.base_model.slug}&"
