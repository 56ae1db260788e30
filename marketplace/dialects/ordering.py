"""Orders pictures for APIs that answer when they are made, where the hub's own answers later.

All of a request's pictures are ordered or none is; each is paid when it is delivered, as ever.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled

from marketplace.accounts.models import User
from marketplace.errors import Conflict, InvalidInput, Unavailable
from marketplace.generation.failures import SITE_FAILURES
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.generation.permits import Permit
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.services import cancel, quote, request_generation
from marketplace.generation.watching import refuse_when_crowded

State = Generation.State


def refuse_where_all_places_are_taken() -> None:
    """Raises Throttled; asked before anything is ordered."""
    try:
        refuse_when_crowded()
    except Unavailable as error:
        raise Throttled(wait=1) from error


def order(*, buyer: User, requests: Sequence[GenerationRequest], permit: Permit | None = None) -> list[Generation]:
    """Raises what `request_generation` raises, and then nothing is held."""
    with transaction.atomic():
        return [
            request_generation(buyer=buyer, request=replace(each, by_program=True), permit=permit) for each in requests
        ]


def price_of(*, buyer: User, requests: Sequence[GenerationRequest], permit: Permit | None = None) -> int:
    """What all of them would cost, in micro-units."""
    asked = [replace(each, by_program=True) for each in requests]
    return sum(quote(buyer=buyer, request=each, permit=permit)[0].total_micro for each in asked)


def finished(ids: Sequence[UUID], *, in_time: bool) -> list[Generation]:
    """All of them in their order; where they have not all ended in time, the others are cancelled and cost nothing.

    Raises Unavailable where none was delivered, or InvalidInput where the request itself was the reason.
    """
    if not in_time:
        for generation in Generation.objects.filter(pk__in=ids, state__in=OPEN):
            with suppress(Conflict):  # it ended in this very moment
                cancel(generation=generation)
    ended = Generation.objects.in_bulk(ids)
    if all(generation.state != State.SUCCEEDED for generation in ended.values()):
        _refuse(ended[ids[0]])
    return [ended[pk] for pk in ids]


def _refuse(generation: Generation) -> None:
    if generation.state == State.CANCELLED:
        message = _("The picture was not made in time. You were not charged; please try again.")
        raise Unavailable(message, code="server_error")
    if generation.failure_code in SITE_FAILURES:
        raise Unavailable(_(generation.failure_message), code="server_error")
    raise InvalidInput(_(generation.failure_message), code=generation.failure_code)
