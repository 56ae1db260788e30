"""What a licence that an order names changes about it. Whoever grants licences implements it; orders know no more."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from marketplace.generation.models import Generation
from marketplace.generation.validation import Order

AS_OFFERED: Mapping[int, int] = MappingProxyType({})


class Permit(Protocol):
    @property
    def name(self) -> str:
        """Quotes under one permit are no quotes under another."""

    @property
    def territory(self) -> tuple[str, ...]:
        """Where the image may be used, as countries' codes; empty for everywhere."""

    def style_prices(self, order: Order) -> Mapping[int, int]:
        """By version, where it is not the creator's own price. Raises a Refusal for what the licence doesn't cover."""

    def use(self, generation: Generation) -> None:
        """Runs in the transaction that saves the order, before its price is held. Raises a Refusal at a limit."""


class Permits(Protocol):
    """Licences that a batch names, of which each image is made under those of its own styles."""

    def of(self, versions: tuple[int, ...]) -> Permit:
        """What an image of these is made under. Raises a Refusal where no country is left to use it in."""

    def use_together(self, images: Sequence[tuple[Generation, Order]]) -> None:
        """As Permit.use does: all of them or none."""
