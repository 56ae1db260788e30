"""Checks many requests of one buyer: what is alike in them is looked up once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, TypeVarTuple

from marketplace.accounts.models import User
from marketplace.accounts.organisations import partner_of
from marketplace.catalogue.models import BaseModel
from marketplace.errors import Refusal
from marketplace.generation.access import refuse_what_is_not_released
from marketplace.generation.permits import AS_OFFERED, Permit, Permits
from marketplace.generation.pictures import refuse_unknown_pictures
from marketplace.generation.prompt_checks import refuse_prompt
from marketplace.generation.requests import GenerationRequest
from marketplace.generation.styles import ChosenStyle, chosen_styles
from marketplace.generation.validation import Order, check_texts, completed_order, enabled_base
from marketplace.rights.selectors import listed_names

A = TypeVarTuple("A")
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """One image of many: what is asked for, and the order that fulfils it.

    `prices` are those of versions that cost something else under its permit.
    """

    request: GenerationRequest
    order: Order
    permit: Permit | None
    prices: Mapping[int, int]


class Desk:
    """Refuses what one order alone would be refused for, in the same words; a refusal is remembered too."""

    def __init__(self, buyer: User, *, texts: bool, permits: Permits | None = None) -> None:
        listed = listed_names()
        self._buyer, self._texts = buyer, texts
        self._base = _once(lambda slug: enabled_base(slug))
        partner = partner_of(buyer)
        self._permit = _once(lambda versions: None if permits is None else permits.of(versions))
        self._styles = _once(
            lambda base, choices, resale, territory: chosen_styles(
                base, choices, resale=resale, partner=partner, territory=territory
            )
        )
        self._text = _once(lambda text, field: refuse_prompt(text, field, listed))
        self._pictures = _once(lambda of: refuse_unknown_pictures(owner=buyer, request=of))

    def checked(self, request: GenerationRequest) -> Wanted:
        """Raises what ordering it would."""
        if self._texts:
            check_texts(request.prompt, request.negative_prompt)
        permit = self._permit(tuple(choice.version_id for choice in request.adapters))
        order = completed_order(request, self._base(request.base_model), partial(self._styles_of, permit))
        if self._texts:
            self._text(request.prompt, "prompt")
            if request.negative_prompt.strip():
                self._text(request.negative_prompt, "negative_prompt")
        if permit is None:  # partners come first: a licence lets in before others
            refuse_what_is_not_released(self._buyer, order)
        if request.picture or request.mask:
            self._pictures(GenerationRequest(base_model="", prompt="", picture=request.picture, mask=request.mask))
        return Wanted(request, order, permit, AS_OFFERED if permit is None else permit.style_prices(order))

    def _styles_of(self, permit: Permit | None, base: BaseModel, request: GenerationRequest) -> tuple[ChosenStyle, ...]:
        return self._styles(base, request.adapters, request.resale, () if permit is None else permit.territory)


def checked_together(
    buyer: User, requests: Sequence[GenerationRequest], *, texts: bool = True, permits: Permits | None = None
) -> tuple[list[Wanted], dict[int, Refusal]]:
    """Those that can be made, and by its place why each other can't."""
    desk = Desk(buyer, texts=texts, permits=permits)
    wanted, refused = [], {}
    for place, request in enumerate(requests):
        try:
            wanted.append(desk.checked(request))
        except Refusal as refusal:
            refused[place] = refusal
    return wanted, refused


def _once(ask: Callable[[*A], T]) -> Callable[[*A], T]:
    outcomes: dict[tuple[*A], T | Refusal] = {}

    def answer(*args: *A) -> T:
        if args not in outcomes:
            outcomes[args] = _outcome(ask, *args)
        found = outcomes[args]
        if isinstance(found, Refusal):
            raise found
        return found

    return answer


def _outcome(ask: Callable[[*A], T], *args: *A) -> T | Refusal:
    try:
        return ask(*args)
    except Refusal as refusal:
        return refusal
