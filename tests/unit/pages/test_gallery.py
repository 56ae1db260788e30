import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.catalogue import echo_base, make_pack, make_style, make_version

pytestmark = pytest.mark.django_db


def titles(client: Client, address: str = "/", **headers: str) -> list[str]:
    answer = client.get(address, headers=headers)
    return [style.title for style in answer.context["page"]]


def test_cards_show_title_creator_price_and_cover(client: Client) -> None:
    version = make_version(style=make_style(title="Harbour"), price_micro=12_500, cover_sha256="a" * 64, cover_key="k")
    page = client.get("/").content.decode()
    shown = ("Harbour", version.style.creator.display_name, "1.25 credits", f"/covers/{version.pk}/{'a' * 64}.png")
    assert [text for text in shown if text not in page] == []


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
