"""Pages in Japanese have no English left in them but names, codes and what people typed."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.accounts.credentials import make_credential
from marketplace.accounts.invitations import invite, link_token
from marketplace.accounts.models import User
from marketplace.accounts.organisations import give_account
from marketplace.accounts.roles import Role
from marketplace.partners.matrix import keep
from marketplace.partners.revoking import publish_takedown
from marketplace.partners.statements import close_months
from tests.factories.accounts import make_organisation, make_user
from tests.factories.batches import make_batch
from tests.factories.catalogue import make_style, make_version
from tests.factories.generation import echo_version, order
from tests.factories.ledger import give_credit
from tests.factories.partners import deliver, licensable_version, make_grant, order_under
from tests.factories.uploads import make_upload, ready_upload
from tests.factories.webhooks import make_delivery, make_endpoint
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db

JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
# Two words of small letters, one after the other: in no name of a format, a model or a scheduler.
ENGLISH = re.compile(r"\b[a-z’']{2,} [a-z]{2,}", re.ASCII)
SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-copied", "data-empty", "data-painted"}
SILENT = {"code", "pre", "script", "style"}
PROMPT = "夜明けの港"


class Spoken(HTMLParser):
    """Every text of a page that a person may see or hear; code is not among them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in SILENT
        self.texts += [value or "" for name, value in attrs if name in SPOKEN or name.startswith("data-text-")]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.texts.append(data)


def english(page: str) -> list[str]:
    return [text.strip() for text in Spoken(page).texts if ENGLISH.search(text) and not JAPANESE.search(text)]


@pytest.fixture
def person() -> User:
    """Who has something on every page."""
    person = make_user(display_name="水野 彩")
    give_credit(person, 1_000)
    return person


def in_japanese(client: Client) -> Client:
    client.cookies["django_language"] = "ja"
    return client


PAGES = [
    *["gallery", "pictures", "create", "solvency", "developers", "quick_starts", "account_login", "account_signup"],
    *["account_reset_password", "history", "wallet", "batches", "new_batch", "purchases", "studio", "upload"],
    *["earnings", "account", "organisations", "keys", "clients", "usage", "webhooks", "licensing_entrance"],
    *["account_email", "account_change_password", "account_logout"],
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_japanese_from_top_to_bottom(person: User, name: str) -> None:
    version = echo_version(creator=person, style=make_style(creator=person, title="淡墨", description="墨のにじみ。"))
    order(person, version, prompt=PROMPT)
    make_batch(person, prompt=PROMPT)
    make_upload(owner=person)
    make_credential(account=person, made_by=person, kind="key", name="作業用", scopes=["generate"])
    make_endpoint(account=person)
    is_entrance = name in {"account_login", "account_signup", "account_reset_password"}
    answer = in_japanese(Client() if is_entrance else signed_in(person)).get(reverse(address_name(name)))
    page = answer.content.decode()
    assert (answer.status_code, '<html lang="ja"' in page, english(page)) == (200, True, [])


def test_pages_of_one_thing_are_japanese_too(person: User) -> None:
    client = in_japanese(signed_in(person))
    style = make_style(creator=person, title="淡墨", description="墨のにじみ。")
    sources = [{"name": "自分の写生帖", "url": "", "consent": "own_work"}]
    version = make_version(
        style=style, prompts=(PROMPT,), trigger_words="淡墨", territory=["JP"], training_sources=sources
    )
    organisation = make_organisation(person)
    invitation = invite(organisation=organisation, invited_by=person, email="ren@example.org", role=Role.MEMBER)
    endpoint = make_endpoint(account=person)
    delivery = make_delivery(endpoint)
    pages = [
        reverse("pages:style", args=[style.slug]),
        reverse("pages:licence", args=[style.slug, version.number]),
        reverse("pages:generation", args=[order(person, prompt=PROMPT).pk]),
        reverse("pages:batch", args=[make_batch(person, prompt=PROMPT).pk]),
        reverse("pages:publish", args=[ready_upload(owner=person).pk]),
        reverse("pages:organisation", args=[organisation.slug]),
        reverse("pages:invitation", args=[link_token(invitation)]),
        reverse("pages:webhook", args=[endpoint.pk]),
        reverse("pages:webhook_delivery", args=[endpoint.pk, delivery.pk]),
        "/nothing-is-here/",
    ]
    left = {address: english(client.get(address).content.decode()) for address in pages}
    assert left == {address: [] for address in pages}


def test_licensing_is_japanese_too(person: User, time_machine: TimeMachineFixture, receipt_key: object) -> None:
    time_machine.move_to("2026-10-20T12:00:00+00:00")
    organisation = make_organisation(person)
    account = give_credit(give_account(organisation), 1_000)
    client, address = in_japanese(signed_in(person)), reverse("pages:licensing", args=[organisation.slug])
    empty = {path: english(client.get(address + path).content.decode()) for path in ("", "grants/", "usage/")}
    version, gone = (licensable_version(style=make_style(creator=person, title="淡墨")) for _each in range(2))
    grant, revoked = make_grant(account, version, payment="prepaid"), make_grant(account, gone, payment="prepaid")
    keep()
    deliver(order_under(account, grant, prompt=PROMPT))
    publish_takedown(version=gone, reason="存命の作家の模倣でした。")
    paths = ["", "grants/", f"grants/{grant.pk}/", f"grants/{revoked.pk}/", "usage/", "usage/?show=spending"]
    left = {path: english(client.get(address + path).content.decode()) for path in [*paths, "statements/"]}
    asked = {"permissions": ["merging"], "days": 9, "images": 9, "payment": "prepaid"}
    for posted in (asked, asked | {"permissions": ["derivatives"]}, asked | {"images": 10**6}, asked | {"days": ""}):
        page = client.post(f"{address}versions/{version.pk}/", posted).content.decode()
        left[str(posted)] = english(page)
    time_machine.move_to("2026-11-02T12:00:00+00:00")
    close_months(now=timezone.now())
    client = in_japanese(signed_in(person))
    for path in ("statements/", "statements/2026-10/"):
        left[path] = english(client.get(address + path).content.decode())
    assert (empty, left) == ({path: [] for path in empty}, {path: [] for path in left})


def test_a_licence_names_countries_in_the_language_of_the_page(person: User) -> None:
    version = make_version(creator=person, territory=["JP", "DE"])
    address = reverse("pages:licence", args=[version.style.slug, version.number])
    client = signed_in(person)
    assert "Japan, Germany" in client.get(address).content.decode()
    assert "日本、ドイツ" in in_japanese(client).get(address).content.decode()


def test_a_refusal_is_japanese_and_its_code_is_not(person: User) -> None:
    answer = in_japanese(signed_in(person)).get("/api/v1/styles/nothing")
    assert [(error["code"], bool(JAPANESE.search(error["detail"]))) for error in answer.json()["errors"]] == [
        ("not_found", True)
    ]


def test_the_search_for_english_finds_it() -> None:
    page = "<p>Nothing left of it</p><p>全部</p><code>not this one</code><p>DPM++ 2M SDE</p><i title='or that one'></i>"
    assert english(page) == ["Nothing left of it", "or that one"]


def address_name(name: str) -> str:
    return name if name.startswith("account_") else f"pages:{name}"
