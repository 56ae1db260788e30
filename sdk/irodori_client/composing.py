"""An order by the names that people use: styles by their slug, at the newest version for one base."""

from collections.abc import Mapping

from typing_extensions import TypedDict, Unpack

from irodori_client import endpoints as at
from irodori_client.calls import Asked, Calls
from irodori_client.effects import Steps
from irodori_client.errors import UsageError
from irodori_client.models import Order, StylePage, StyleUse, Version


class Choices(TypedDict, total=False):
    """What may be chosen besides prompt, base and styles: the other fields of Order."""

    negative_prompt: str
    width: int | None
    height: int | None
    steps: int | None
    guidance_scale: float | None
    seed: int | None
    scheduler: str
    resale: bool
    picture: str
    mask: str
    strength: float | None
    refiner_start: float | None
    quote: str


def composed(
    calls: Calls, prompt: str, styles: Mapping[str, float], base_model: str | None, **choices: Unpack[Choices]
) -> Steps[Order]:
    """Raises UsageError where a style has no version for the base, which is the first style's if none is named."""
    found: list[tuple[StylePage, float]] = []
    for slug, weight in styles.items():
        page = yield from calls.call(at.STYLE, Asked(names={"slug": slug}))
        found.append((page, weight))
    base = base_model or (found[0][0].latest.base_model if found else (yield from _first_base(calls)))
    uses = tuple(StyleUse(version=newest(page, base).id, weight=weight) for page, weight in found)
    return Order(prompt=prompt, base_model=base, adapters=uses, **choices)


def newest(style: StylePage, base_model: str) -> Version:
    """The newest version for a base that may be drawn with. Raises UsageError if there is none."""
    published = [each for each in style.versions if each.state == "published"]
    made = [each for each in published if each.base_model == base_model]
    if made:
        return max(made, key=lambda version: version.number)
    bases = ", ".join(sorted({each.base_model for each in published})) or "no base any more"
    raise UsageError(f"“{style.slug}” can't be used with {base_model}: it is there for {bases}.")


def _first_base(calls: Calls) -> Steps[str]:
    bases = yield from calls.call(at.BASES)
    if not bases:
        raise UsageError("The hub offers no base yet.")
    return bases[0].slug
