from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from marketplace.catalogue.models import Example, StyleVersion
from marketplace.catalogue.services import set_base_examples, withdraw
from tests.factories.accounts import make_user
from tests.factories.catalogue import draw, echo_base, make_pack, make_style, make_version, tiny_sdxl_base

pytestmark = pytest.mark.django_db


def titles(client: Client, address: str = "/", **headers: str) -> list[str]:
    answer = client.get(address, headers=headers)
    return [style.title for style in answer.context["page"]]


def address(example: Example) -> str:
    return f"/examples/{example.pk}/{example.image_sha256}.png"


def test_cards_show_title_creator_price_and_cover(client: Client) -> None:
    version = make_version(style=make_style(title="Harbour"), price_micro=12_500)
    cover = draw(version.examples.get())
    page = client.get("/").content.decode()
    shown = ("Harbour", version.style.creator.display_name, "1.25 credits", address(cover))
    assert [text for text in shown if text not in page] == []


def test_a_card_shows_four_of_the_further_examples(client: Client) -> None:
    version = make_version(prompts=("a", "b", "c", "d", "e", "f", "g"))
    drawn = [draw(example) for example in version.examples.exclude(prompt="c")]
    page = client.get("/").content.decode()
    assert [example.prompt for example in drawn if address(example) in page] == ["a", "b", "d", "e", "f"]


def test_a_base_is_shown_beside_its_styles_until_something_is_searched_for(client: Client) -> None:
    make_version()
    base = tiny_sdxl_base()
    set_base_examples(base=base, prompts=["a fox", "an owl"])
    echo_base()
    fox, owl = map(draw, base.examples.all())
    pages = {query: client.get(f"/{query}").content.decode() for query in ("", "?q=style", "?base=echo")}
    assert {query: (address(fox) in page, address(owl) in page) for query, page in pages.items()} == {
        "": (True, True),
        "?q=style": (False, False),
        "?base=echo": (False, False),
    }
    assert "/create/?base=tiny-sdxl" in pages[""]
    create = client.get("/create/?base=tiny-sdxl").content.decode()
    assert [f'href="{address(example)}"' in create for example in (fox, owl)] == [True, True]


def test_a_base_out_of_service_is_not_shown(client: Client) -> None:
    make_version()
    base = tiny_sdxl_base()
    set_base_examples(base=base, prompts=["a fox"])
    fox = draw(base.examples.get())
    base.enabled = False
    base.save()
    assert address(fox) not in client.get("/").content.decode()
    assert client.get(address(fox)).status_code == 404


def test_a_styles_page_shows_each_example_with_its_prompt(client: Client) -> None:
    version = make_version(prompts=("a harbour", "a fox", "an owl"))
    drawn = [draw(example) for example in version.examples.all()]
    page = client.get(f"/styles/{version.style.slug}/").content.decode()
    shown = [f'href="{address(example)}"' in page and f'alt="{example.prompt}"' in page for example in drawn]
    assert (shown, address(drawn[0]) in page) == ([False, True, True], True)


def test_withdrawing_hides_cover_and_examples_everywhere(client: Client) -> None:
    version = make_version(prompts=("a harbour", "a fox"))
    drawn = [draw(example) for example in version.examples.all()]
    withdraw(version=version)
    page = client.get(f"/styles/{version.style.slug}/").content.decode()
    assert [example.prompt for example in drawn if address(example) in page] == []
    assert [client.get(address(example)).status_code for example in drawn] == [404, 404]


def test_a_picture_is_found_by_its_own_hash_alone(client: Client) -> None:
    undrawn = make_version().examples.get()
    wrong = [f"/examples/{undrawn.pk}/{'0' * 64}.png", f"/examples/{draw(undrawn).pk}/{'0' * 64}.png"]
    assert [client.get(each).status_code for each in wrong] == [404, 404]


def test_an_empty_gallery_invites_the_first_creator(client: Client) -> None:
    assert "The gallery is still empty" in client.get("/").content.decode()


def test_search_and_base_narrow_the_cards(client: Client) -> None:
    make_version(style=make_style(title="Harbour"))
    make_version(style=make_style(title="Harbour blocks"), pack=make_pack(base_model=echo_base()))
    make_version(style=make_style(title="Tram"))
    assert titles(client, "/?q=harbour") == ["Harbour blocks", "Harbour"]
    assert titles(client, "/?q=harbour&base=echo") == ["Harbour blocks"]
    assert "No style matches" in client.get("/?q=nothing").content.decode()


def test_htmx_gets_the_cards_alone(client: Client) -> None:
    make_version()
    answer = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in answer, "<ul" in answer) == (False, True)


def test_going_back_to_a_search_shows_the_whole_page(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    answer = client.get("/?q=ink", headers=headers)
    assert ("<html" in answer.content.decode(), "HX-Request" in answer["Vary"]) == (True, True)


def test_more_styles_cost_no_more_queries(client: Client) -> None:
    make_version()
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/")
    for _ in range(5):
        make_version()
    with CaptureQueriesContext(connection) as six:
        client.get("/")
    assert len(six) == len(one)


def test_a_page_number_out_of_range_shows_the_last_page(client: Client) -> None:
    make_version()
    assert len(titles(client, "/?page=999")) == 1


def test_cards_say_of_what_is_not_everyones_yet_whose_it_is(client: Client) -> None:
    now = timezone.now()
    week = timedelta(days=7)
    make_version(style=make_style(title="Partners"), members_from=now + week, public_from=now + week)
    make_version(style=make_style(title="Members"), public_from=now + week)
    make_version(style=make_style(title="Everyone"), public_from=now - week)
    cards = client.get("/").content.decode().split('<a class="group')[1:]
    marks = {title: [mark for mark in ("Partners first", "Subscribers first") if mark in card]
             for card in cards for title in ("Partners", "Members", "Everyone") if f">{title}</h2>" in card}  # fmt: skip
    assert marks == {"Partners": ["Partners first"], "Members": ["Subscribers first"], "Everyone": []}


def test_a_page_says_when_its_style_opens_to_whom(client: Client) -> None:
    now = timezone.now()
    dates: dict[str, Any] = {"members_from": now + timedelta(days=2), "public_from": now + timedelta(days=5)}
    version = make_version(style=make_style(creator=make_user(display_name="Mara")), **dates)
    page = client.get(f"/styles/{version.style.slug}/").content.decode()
    told = ("Not for everyone yet", "Partners, and programs by API", "Mara’s subscribers", "Everyone")
    days = [date_format(day) for day in (version.published_at, *dates.values())]
    assert [text for text in (*told, *(f"from {day}" for day in days)) if text not in page] == []
    assert page.count('aria-current="step"') == 1
    StyleVersion.objects.update(members_from=None, public_from=None)
    assert "Not for everyone yet" not in client.get(f"/styles/{version.style.slug}/").content.decode()
