"""Mixing a second style in on a style's page."""

from typing import Any

import pytest

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from tests.factories.catalogue import make_pack, make_style, make_version, tiny_sdxl_base
from tests.factories.ledger import make_buyer
from tests.unit.pages.clients import signed_in
from tests.unit.pages.test_ordering import address, form

pytestmark = pytest.mark.django_db


def mixable(title: str, **changes: Any) -> StyleVersion:
    changes.setdefault("style", make_style(title=title))
    return make_version(may_be_merged=True, **changes)


def offered(version: StyleVersion) -> list[str]:
    fields = signed_in().get(address(version)).context["form"].fields
    return [name for _, name in fields["second"].choices] if "second" in fields else []


def test_only_what_may_be_mixed_on_this_base_is_offered_in_its_newest_version() -> None:
    shown, style = mixable("Shown"), make_style(title="Two versions")
    mixable("", style=style, number=1, trigger_words="old words")
    mixable("", style=style, number=2, trigger_words="new words")
    mixable("Ink", trigger_words="")
    mixable("Withdrawn", state=StyleVersion.State.WITHDRAWN)
    mixable("Model", pack=make_pack(kind="fine_tune"))
    mixable("Elsewhere", pack=make_pack(base_model=tiny_sdxl_base(slug="other")))
    alone = make_version(style=make_style(title="Alone"))
    assert offered(shown) == ["None", "Ink", "Two versions: write “new words”"]
    assert offered(alone) == []


def test_both_are_ordered_at_their_own_strengths_and_made_again_together() -> None:
    first, second = mixable("First"), mixable("Second")
    client = signed_in(make_buyer())
    client.post(address(first), form(first, second=second.pk, second_weight="0.3"))
    made = Generation.objects.get()
    assert [(use.version, use.weight) for use in made.adapters.order_by("pk")] == [(first, 0.8), (second, 0.3)]
    page = client.get(f"/generations/{made.pk}/").context["again_url"]
    again = client.get(page).context["form"]
    assert [again[name].value() for name in ("weight", "second", "second_weight")] == [0.8, second.pk, 0.3]


def test_the_price_names_both_creators() -> None:
    first, second = mixable("First"), mixable("Second")
    quote = signed_in(make_buyer()).post("/quote/", form(first, second=second.pk)).content.decode()
    creators = [version.style.creator.display_name for version in (first, second)]
    assert ("2.01 credits" in quote, [name in quote for name in creators]) == (True, [True, True])


def test_a_style_that_is_not_on_the_menu_is_refused() -> None:
    first, other = mixable("First"), make_version()
    mixable("Second")
    answer = signed_in(make_buyer()).post(address(first), form(first, second=other.pk))
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["second"])
