from datetime import date
from typing import Any

import pytest
from time_machine import TimeMachineFixture

from hub.config import plugin_registry
from hub.plugin_api import Component, Plugin, Verdict
from marketplace.accounts.models import User
from marketplace.accounts.organisations import give_account, partner_of
from marketplace.errors import InvalidInput, NotAllowed, Refusal, Unavailable
from marketplace.generation.models import Generation
from marketplace.generation.requests import AdapterChoice
from marketplace.generation.services import quote
from marketplace.ledger.selectors import held_balance
from marketplace.rights.models import OptOutName
from tests.factories.catalogue import echo_base, make_version, tiny_sdxl_base
from tests.factories.generation import echo_version, make_request, order
from tests.factories.ledger import give_credit, make_buyer
from tests.factories.payouts import make_organisation

pytestmark = pytest.mark.django_db


def refusal_of(**changes: Any) -> tuple[type[Refusal], str, str | None]:
    """Family, code and field of the refusal; nothing may be held or saved."""
    buyer = changes.pop("buyer", None) or make_buyer()
    held, ordered = held_balance(buyer), Generation.objects.count()
    tiny_sdxl_base()
    versions = changes.pop("versions", ())
    with pytest.raises(Refusal) as caught:
        order(buyer, *versions, **changes)
    assert (held_balance(buyer), Generation.objects.count()) == (held, ordered)
    assert str(caught.value).endswith(".")
    return type(caught.value), caught.value.code, caught.value.field


def organisation_account() -> User:
    """One with credit."""
    return give_credit(give_account(make_organisation()), 100)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"prompt": ""}, "prompt_empty", "prompt"),
        ({"prompt": " \n\t "}, "prompt_empty", "prompt"),
        ({"prompt": "\u200b\u2060 \ufeff"}, "prompt_empty", "prompt"),
        ({"prompt": "\ufe0f\u200d\u00ad"}, "prompt_empty", "prompt"),
        ({"prompt": "x" * 2001}, "prompt_too_long", "prompt"),
        ({"prompt": "a\x00b"}, "control_characters", "prompt"),
        ({"prompt": "a\x1b[31mb"}, "control_characters", "prompt"),
        ({"prompt": "a\ud800b"}, "control_characters", "prompt"),
        ({"prompt": "a\u202eb"}, "control_characters", "prompt"),
        ({"prompt": "a\u2066b\u2069"}, "control_characters", "prompt"),
        ({"prompt": "a\u2028b"}, "control_characters", "prompt"),
        ({"negative_prompt": "a\u2029b"}, "control_characters", "negative_prompt"),
        ({"negative_prompt": "x" * 2001}, "prompt_too_long", "negative_prompt"),
        ({"negative_prompt": "\x07"}, "control_characters", "negative_prompt"),
        ({"base_model": "nothing"}, "unknown_base_model", "base_model"),
        ({"width": 63}, "size_not_possible", "width"),
        ({"width": 0}, "size_not_possible", "width"),
        ({"height": -64}, "size_not_possible", "height"),
        ({"height": 520}, "size_not_possible", "height"),
        ({"height": 10**400}, "size_not_possible", "height"),
        ({"steps": 0}, "out_of_range", "steps"),
        ({"steps": 51}, "out_of_range", "steps"),
        ({"guidance_scale": -0.1}, "out_of_range", "guidance_scale"),
        ({"guidance_scale": 35.5}, "out_of_range", "guidance_scale"),
        ({"guidance_scale": float("nan")}, "out_of_range", "guidance_scale"),
        ({"guidance_scale": float("inf")}, "out_of_range", "guidance_scale"),
        ({"refiner_start": 0.8}, "no_refiner", "refiner_start"),
        ({"base_model": "tiny-sdxl", "refiner_start": 0.0}, "out_of_range", "refiner_start"),
        ({"base_model": "tiny-sdxl", "refiner_start": 1.0}, "out_of_range", "refiner_start"),
        ({"base_model": "tiny-sdxl", "refiner_start": float("nan")}, "out_of_range", "refiner_start"),
        ({"seed": -1}, "out_of_range", "seed"),
        ({"seed": 2**32}, "out_of_range", "seed"),
        ({"scheduler": "magic"}, "unknown_scheduler", "scheduler"),
        ({"adapters": (AdapterChoice(999, 1.0),)}, "unknown_style", "adapters"),
        ({"adapters": (AdapterChoice(2**70, 1.0),)}, "unknown_style", "adapters"),
        ({"adapters": (AdapterChoice(-1, 1.0),)}, "unknown_style", "adapters"),
        ({"adapters": (AdapterChoice(1, 2.5),)}, "weight_out_of_range", "adapters"),
        ({"adapters": (AdapterChoice(1, float("nan")),)}, "weight_out_of_range", "adapters"),
        ({"adapters": (AdapterChoice(1, 1.0),) * 2}, "style_twice", "adapters"),
        ({"adapters": tuple(AdapterChoice(n, 1.0) for n in range(5))}, "too_many_styles", "adapters"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_cannot_be_drawn_is_refused(changes: dict[str, Any], code: str, field: str) -> None:
    assert refusal_of(**changes) == (InvalidInput, code, field)


@pytest.mark.parametrize(
    "prompt",
    ["x" * 2000, "two\nlines\tand a tab", "絵文字 👩‍🎨 and ‏عربي", "❤\ufe0f", "می\u200cخواهم"],
    ids=["longest", "lines", "scripts", "emoji", "joiners"],
)
def test_ordinary_text_of_any_script_is_accepted(prompt: str) -> None:
    assert order(prompt=prompt).prompt == prompt


def test_styles_are_used_as_they_were_made() -> None:
    withdrawn, foreign = echo_version(state="withdrawn"), make_version()
    embedding = echo_version(kind="embedding")
    fine_tune, other = echo_version(kind="fine_tune"), echo_version(kind="fine_tune")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"versions": [withdrawn]}, "style_withdrawn"),
        ({"versions": [foreign]}, "style_of_another_base"),
        ({"adapters": (AdapterChoice(fine_tune.pk, 0.8),)}, "fine_tune_weight"),
        ({"adapters": (AdapterChoice(embedding.pk, 0.8),)}, "embedding_weight"),
        ({"versions": [fine_tune, other]}, "two_fine_tunes"),
    ]
    for changes, code in cases:
        assert refusal_of(**changes) == (InvalidInput, code, "adapters")


def test_styles_are_combined_only_where_every_creator_allows_it() -> None:
    free, bound = echo_version(may_be_merged=True), echo_version()
    assert refusal_of(versions=[free, bound]) == (NotAllowed, "combining_not_licensed", "adapters")
    assert order(None, free, echo_version(may_be_merged=True)).adapters.count() == 2


def test_images_are_resold_only_where_every_creator_allows_it() -> None:
    free, bound = echo_version(may_be_resold=True), echo_version()
    assert refusal_of(versions=[bound], resale=True) == (NotAllowed, "resale_not_licensed", "resale")
    assert order(None, free, resale=True).resale is True


def test_what_an_organisation_makes_is_for_business() -> None:
    personal, free = echo_version(licence="irodori-personal"), echo_version()
    account = organisation_account()
    assert refusal_of(buyer=account, versions=[personal]) == (NotAllowed, "commercial_use_not_licensed", "adapters")
    assert order(account, free).adapters.count() == 1
    assert order(None, personal).adapters.count() == 1


def test_a_style_for_certain_partners_is_made_by_them_and_by_people() -> None:
    account = organisation_account()
    slug = partner_of(account)
    theirs, others = echo_version(partners=(slug,), may_be_resold=True), echo_version(partners=("aoi",))
    assert refusal_of(buyer=account, versions=[others]) == (NotAllowed, "partner_not_licensed", "adapters")
    assert order(account, theirs, resale=True).resale is True
    assert order(None, others).adapters.count() == 1
    assert refusal_of(versions=[theirs], resale=True) == (NotAllowed, "partner_not_licensed", "adapters")


def test_a_style_for_certain_countries_is_not_resold_where_nobody_says_in_which() -> None:
    version = echo_version(territory=("JP",), may_be_resold=True)
    assert refusal_of(versions=[version], resale=True) == (NotAllowed, "territory_not_licensed", "adapters")
    assert order(None, version).adapters.count() == 1


def test_after_its_last_day_a_style_makes_no_new_picture(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2030-01-31T23:59:00Z", tick=False)
    version = echo_version(expires=date(2030, 1, 31))
    assert order(None, version).adapters.count() == 1
    time_machine.move_to("2030-02-01T00:00:00Z", tick=False)
    with pytest.raises(NotAllowed, match="was licensed until 2030-01-31") as refusal:
        order(None, version)
    assert refusal.value.code == "licence_expired"


def test_a_base_whose_licence_nobody_knows_makes_pictures_for_ones_own_use_alone() -> None:
    echo_base(slug="unknown", licence="as its makers say")
    assert refusal_of(base_model="unknown", resale=True) == (NotAllowed, "not_licensed_by_base", "base_model")
    assert refusal_of(base_model="unknown", buyer=organisation_account())[1] == "not_licensed_by_base"
    assert order(base_model="unknown").base_model.slug == "unknown"


OPEN = {"may_be_merged": True, "may_be_resold": True, "outputs_may_train": True}


@pytest.mark.parametrize(
    "other",
    [
        {"licence": "irodori-personal", "may_be_resold": False},
        {"licence": "irodori-standard", "outputs_may_train": False},
        {"licence": "CC-BY-4.0", "may_be_resold": False},
        {"licence": "offered-no-more"},
    ],
    ids=lambda other: str(other["licence"]),
)
def test_a_share_alike_style_is_mixed_with_none_whose_terms_its_licence_would_break(other: dict[str, Any]) -> None:
    shared, bound = echo_version(licence="CC-BY-SA-4.0", **OPEN), echo_version(**OPEN | other)
    for versions in ([shared, bound], [bound, shared]):
        assert refusal_of(versions=versions) == (NotAllowed, "licences_conflict", "adapters")
    buyer = make_buyer()
    with pytest.raises(NotAllowed, match=f"CC-BY-SA-4.0 may be sold .* “{bound.style.title}” do not allow"):
        quote(buyer=buyer, request=make_request(shared, bound))
    assert order(None, shared).adapters.count() == order(None, bound).adapters.count() == 1


@pytest.mark.parametrize("licence", ["CC-BY-4.0", "CC-BY-SA-4.0", "MIT", "CC0-1.0", "irodori-standard"])
def test_a_share_alike_style_is_mixed_with_those_that_allow_as_much(licence: str) -> None:
    shared, free = echo_version(licence="CC-BY-SA-4.0", **OPEN), echo_version(licence=licence, **OPEN)
    assert order(None, free, shared).adapters.count() == 2


def test_names_that_opted_out_are_refused_at_the_prompt() -> None:
    OptOutName.objects.create(name="Mara Quill", folded="mara quill")
    assert refusal_of(prompt="a boat by MARA  QUILL") == (NotAllowed, "opted_out_name", "prompt")
    assert refusal_of(negative_prompt="Mara Quill") == (NotAllowed, "opted_out_name", "negative_prompt")


class Nobody:
    def __init__(self, config: object) -> None:
        pass

    def check(self, prompt: str) -> None:
        raise RuntimeError("this check is broken")


class NoHarbours:
    def __init__(self, config: object) -> None:
        pass

    def check(self, prompt: str) -> Verdict:
        return Verdict(allowed="harbour" not in prompt, reason="harbour")


def enable_check(monkeypatch: pytest.MonkeyPatch, name: str, check: type[Nobody] | type[NoHarbours]) -> None:
    path = f"{__name__}:{check.__name__}"
    plugin = Plugin(name=name, summary="", components=[Component("prompt_check", name, path)])
    monkeypatch.setitem(plugin_registry().plugins, name, plugin)
    monkeypatch.setitem(plugin_registry()._configs, name, plugin.config())
    monkeypatch.setitem(plugin_registry()._instances, ("prompt_check", name), check(None))


def test_a_check_that_crashes_counts_as_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    enable_check(monkeypatch, "broken", Nobody)
    assert refusal_of() == (NotAllowed, "prompt_blocked", "prompt")


def test_a_check_reads_the_negative_prompt_too(monkeypatch: pytest.MonkeyPatch) -> None:
    enable_check(monkeypatch, "no_harbours", NoHarbours)
    assert refusal_of(prompt="a boat", negative_prompt="harbour") == (NotAllowed, "prompt_blocked", "negative_prompt")
    assert order(prompt="a boat").state == "queued"


def test_a_base_whose_engine_is_not_enabled_is_unavailable() -> None:
    echo_base(slug="gone", engine="gone")
    assert refusal_of(base_model="gone") == (Unavailable, "engine_unavailable", None)


def test_a_base_that_is_switched_off_is_unknown() -> None:
    echo_base(slug="off", enabled=False)
    assert refusal_of(base_model="off") == (InvalidInput, "unknown_base_model", "base_model")


def test_a_good_request_is_not_refused() -> None:
    assert make_request().prompt == order().prompt
