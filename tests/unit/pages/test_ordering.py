"""From a style's page to a generation: the form, the live price, and what happens when it can't be done."""

from typing import Any

import pytest
from django.test import Client

from marketplace.api.bodies import MAX_BODY_BYTES
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance, wallet_balance
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version, tiny_sdxl_base
from tests.factories.ledger import CREDIT, make_buyer
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
COMPUTE = 100


def form(version: StyleVersion | None, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "base_model": "tiny-sdxl",
        "version": version.pk if version else "",
        "prompt": "a heron in reeds",
        "negative_prompt": "",
        "size": "128x128",
        "weight": "0.8",
        "steps": "20",
        "guidance_scale": "5",
        "seed": "7",
        "scheduler": "euler",
    }
    return fields | changes


def address(version: StyleVersion) -> str:
    return f"/styles/{version.style.slug}/"


def test_the_page_shows_the_terms_and_the_form(client: Client) -> None:
    version = make_version(style=make_style(title="Harbour"), trigger_words="washed ink")
    page = client.get(address(version)).content.decode()
    shown = (
        "Harbour",
        "washed ink",
        "Irodori standard",
        "May not be mixed with other styles",
        "Pictures may not be resold by partners",
        "Pictures may not be used to train models",
        "My sketchbooks",
        "Sign in to generate",
    )
    assert [text for text in shown if text not in page] == []


def test_the_form_starts_from_what_suits_the_base(client: Client) -> None:
    tiny_sdxl_base(default_steps=12, default_guidance=3.0)
    for page in (address(make_version()), "/create/"):
        fresh = client.get(page).context["form"]
        assert (fresh["steps"].value(), fresh["guidance_scale"].value()) == (12, 3.0)


@pytest.mark.parametrize(
    ("words", "hint"), [("washed ink", "Write “washed ink” into it"), ("", "Say what the picture")]
)
def test_the_prompt_is_described_by_a_hint(client: Client, words: str, hint: str) -> None:
    page = client.get(address(make_version(trigger_words=words))).content.decode()
    control = page[page.index('<textarea name="prompt"') :].partition(">")[0]
    assert ('aria-describedby="id_prompt-help"' in control, hint in page) == (True, True)


def test_a_fine_tuned_model_has_no_strength_to_set() -> None:
    version = make_version(pack=make_pack(kind="fine_tune"))
    assert "weight" not in signed_in().get(address(version)).context["form"].fields


def test_a_base_with_a_refiner_asks_from_where_it_draws() -> None:
    tiny_sdxl_base(has_refiner=True)
    buyer = signed_in(make_buyer())
    answers = [buyer.post("/create/", form(None, refiner_start=start)) for start in ("0.8", "", "1")]
    assert [answer.status_code for answer in answers] == [302, 302, 400]
    refined, plain = Generation.objects.order_by("created_at")
    assert (refined.refiner_start, plain.refiner_start) == (0.8, None)
    again = buyer.get(f"/create/?base=tiny-sdxl&from={refined.pk}").context["form"]
    assert again["refiner_start"].value() == 0.8


@pytest.mark.parametrize("base", [{"has_refiner": False}, {"has_refiner": True, "engine": "echo"}])
def test_a_base_without_a_refiner_does_not_ask_for_one(base: dict[str, Any]) -> None:
    tiny_sdxl_base(**base)
    buyer = signed_in(make_buyer())
    assert "refiner_start" not in buyer.get("/create/").context["form"].fields
    buyer.post("/create/", form(None, refiner_start="0.8"))
    assert Generation.objects.get().refiner_start is None


def test_an_order_holds_the_price_and_leads_to_its_page() -> None:
    buyer, version = make_buyer(10), make_version()
    answer = signed_in(buyer).post(address(version), form(version))
    made = Generation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/generations/{made.pk}/")
    assert (made.prompt, made.width, made.height, made.steps, made.guidance_scale, made.seed, made.scheduler) == (
        "a heron in reeds",
        128,
        128,
        20,
        5.0,
        7,
        "euler",
    )
    assert [(use.version, use.weight) for use in made.adapters.all()] == [(version, 0.8)]
    assert held_balance(buyer) == CREDIT + COMPUTE


def test_the_terms_that_were_shown_are_the_ones_ordered() -> None:
    style = make_style()
    shown = make_version(style=style, number=1)
    make_version(style=style, number=2, price_micro=90_000)
    signed_in(make_buyer()).post(address(shown), form(shown))
    assert Generation.objects.get().adapters.get().version == shown


def test_the_plain_base_is_ordered_without_a_style() -> None:
    tiny_sdxl_base()
    answer = signed_in(make_buyer()).post("/create/", form(None))
    made = Generation.objects.get()
    assert (answer["Location"], made.price_micro, made.adapters.count()) == (f"/generations/{made.pk}/", COMPUTE, 0)


def test_without_credit_nothing_is_held_and_the_page_says_so() -> None:
    buyer, version = make_user(), make_version()
    answer = signed_in(buyer).post(address(version), form(version))
    assert (answer.status_code, Generation.objects.count(), held_balance(buyer)) == (402, 0, 0)
    assert answer.context["form"].non_field_errors()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "bell \x07"),
        ("seed", "-1"),
        ("seed", str(2**32)),
        ("steps", "0"),
        ("steps", "1000000"),
        ("guidance_scale", "nan"),
        ("guidance_scale", "-3"),
        ("weight", "1e9"),
        ("size", "127x127"),
        ("size", "'; drop"),
        ("scheduler", "no-such"),
    ],
)
def test_a_bad_value_is_explained_beside_its_field(field: str, value: str) -> None:
    version = make_version()
    answer = signed_in(make_buyer()).post(address(version), form(version, **{field: value}))
    assert (answer.status_code, list(answer.context["form"].errors), Generation.objects.count()) == (400, [field], 0)


def test_a_visitor_who_posts_is_sent_to_sign_in(client: Client) -> None:
    version = make_version()
    answer = client.post(address(version), form(version))
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address(version)}")


def test_the_price_is_shown_before_the_prompt_is_written() -> None:
    creator = make_user(display_name="Mara")
    version = make_version(creator=creator)
    quote = signed_in(make_buyer()).post("/quote/", form(version, prompt="")).content.decode()
    shown = ("1.01 credits", "Mara", ">0.7<", ">0.3<", ">0.01<")
    assert [text for text in shown if text not in quote] == []


def test_the_price_says_how_much_is_missing() -> None:
    version = make_version()
    quote = signed_in(make_buyer(1)).post("/quote/", form(version)).content.decode()
    assert "You need 0.01 credits more." in quote


def test_a_quote_that_can_not_be_made_says_why() -> None:
    version = make_version(state=StyleVersion.State.WITHDRAWN)
    answer = signed_in().post("/quote/", form(version))
    assert (answer.status_code, "no longer offered" in answer.content.decode()) == (200, True)


@pytest.mark.parametrize("version", ["0", "999999999999999999999", "one", "²"])
def test_a_quote_for_no_style_is_404(version: str) -> None:
    tiny_sdxl_base()
    assert signed_in().post("/quote/", form(None) | {"version": version}).status_code == 404


def test_a_withdrawn_style_says_so_and_takes_no_order() -> None:
    version = make_version(state=StyleVersion.State.WITHDRAWN)
    page = signed_in(make_buyer()).get(address(version)).content.decode()
    assert ("has withdrawn this style" in page, "hx-post" in page) == (True, False)


def test_resale_is_offered_only_where_the_creator_allows_it() -> None:
    offered = {
        allowed: "resale" in signed_in().get(address(make_version(may_be_resold=allowed))).context["form"].fields
        for allowed in (True, False)
    }
    assert offered == {True: True, False: False}


def test_making_again_starts_from_the_same_settings() -> None:
    buyer, version = make_buyer(), make_version()
    client = signed_in(buyer)
    client.post(address(version), form(version, size="144x112", steps="11", scheduler="ddim"))
    made = Generation.objects.get()
    again = client.get(f"{address(version)}?from={made.pk}&seed=same").context["form"]
    values = {name: again[name].value() for name in ("prompt", "size", "steps", "scheduler", "seed", "weight")}
    assert values == {
        "prompt": "a heron in reeds",
        "size": "144x112",
        "steps": 11,
        "scheduler": "ddim",
        "seed": 7,
        "weight": 0.8,
    }
    assert client.get(f"{address(version)}?from={made.pk}").context["form"]["seed"].value() is None
    assert signed_in().get(f"{address(version)}?from={made.pk}").context["form"]["prompt"].value() is None
    assert wallet_balance(buyer) == 100 * CREDIT - CREDIT - COMPUTE


def test_a_body_that_is_too_long_is_refused_before_it_is_read() -> None:
    kind = "multipart/form-data; boundary=x"
    answer = signed_in().generic("POST", "/create/", b"", kind, CONTENT_LENGTH=MAX_BODY_BYTES + 1)
    assert answer.status_code == 413
    assert "The body is longer than this address takes. Send less at once." in answer.content.decode()
