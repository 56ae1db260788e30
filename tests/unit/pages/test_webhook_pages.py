"""The pages of webhooks: endpoints, the tester, the log."""

import re
from ipaddress import ip_address

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.webhooks.claims import claim_next
from marketplace.webhooks.destinations import Destination
from marketplace.webhooks.models import Delivery, Endpoint
from marketplace.webhooks.outcomes import record
from marketplace.webhooks.sending import Network, post
from tests.factories.accounts import make_user
from tests.factories.receivers import Receiver, Reply, receiver
from tests.factories.webhooks import URL, Clock, make_delivery, make_endpoint
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
LIST = "/developers/webhooks/"


@pytest.fixture
def person() -> User:
    return make_user()


@pytest.fixture
def client(person: User) -> Client:
    return signed_in(person)


def test_the_account_page_leads_there(client: Client) -> None:
    assert f'href="{LIST}"' in client.get("/account/").content.decode()


def test_an_endpoint_is_added_and_its_secret_shown_once(client: Client) -> None:
    made = client.post(f"{LIST}add/", {"url": URL, "kinds": ["top_up.paid", "style.published"], "description": "Books"})
    endpoint = Endpoint.objects.get()
    assert (endpoint.url, endpoint.kinds, endpoint.description) == (URL, ["style.published", "top_up.paid"], "Books")
    assert (made["Cache-Control"].split(", ")[0], endpoint.secret in made.content.decode()) == ("max-age=0", True)
    assert endpoint.secret not in client.get(f"{LIST}{endpoint.pk}/").content.decode()
    assert URL in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"url": ""}, 400, "Give the address that events are sent to."),
        ({"url": "http://example.org"}, 400, "The address must begin with https://"),
        ({"url": URL, "kinds": ["style.exploded"]}, 400, "style.exploded is not one of the available choices."),
    ],
)
def test_what_can_not_be_an_endpoint_is_explained_beside_its_field(
    client: Client, fields: dict[str, object], status: int, sentence: str
) -> None:
    answer = client.post(f"{LIST}add/", fields)
    assert (answer.status_code, sentence in answer.content.decode(), Endpoint.objects.count()) == (status, True, 0)


def test_an_endpoint_is_changed_switched_given_a_secret_and_deleted(client: Client, person: User) -> None:
    endpoint = make_endpoint(account=person)
    page = f"{LIST}{endpoint.pk}/"
    client.post(f"{page}change/", {"url": URL + "/2", "description": "New", "kinds": []})
    client.post(f"{page}switch/", {"enabled": "no"})
    changed = Endpoint.objects.get()
    assert (changed.url, changed.description, changed.disabled) == (URL + "/2", "New", "owner")
    assert "Switched off by you." in client.get(page).content.decode()
    client.post(f"{page}switch/", {"enabled": "yes"})
    answer = client.post(f"{page}secret/").content.decode()
    new = Endpoint.objects.get()
    assert (new.is_on, new.secret in answer, new.old_secret == endpoint.secret) == (True, True, True)
    assert "carries a signature of the old one too" in answer
    assert client.post(f"{page}change/", {"url": "x"}).status_code == 400
    client.post(f"{page}delete/")
    assert Endpoint.objects.count() == 0


def test_the_tester_shows_the_answer_as_soon_as_it_is_there(client: Client, person: User) -> None:
    with receiver() as theirs:
        theirs.reply = lambda _got: Reply(418, body=b"short and stout")
        endpoint = make_endpoint(account=person)
        page = f"{LIST}{endpoint.pk}/"
        waiting = client.post(f"{page}test/", {"kind": "top_up.paid"}, headers={"HX-Request": "true"}).content.decode()
        result = re.search(r'hx-get="([^"]+)"', waiting)
        assert result is not None
        assert 'hx-target="this"' in waiting, "or the answer would replace the place that it belongs in"
        _deliver_to(theirs)
        shown = client.get(result[1]).content.decode()
    assert ("hx-get" in shown, "418" in shown, "short and stout" in shown) == (False, True, True)
    assert '"test":true' in theirs.got[0].body


def _deliver_to(theirs: Receiver) -> None:
    """As the worker does, where the endpoint's name stands for this receiver."""
    claim = claim_next(now=timezone.now())
    assert claim is not None
    network = Network(lambda _host, _port: [ip_address("127.0.0.1")], lambda ip: ip.is_loopback)
    destination = Destination("http", "hooks.example.org", theirs.port, "/")
    record(claim, post(destination, claim.headers, claim.body, network=network), now=timezone.now())


def test_without_a_script_the_tester_leads_to_the_delivery(client: Client, person: User) -> None:
    endpoint = make_endpoint(account=person)
    answer = client.post(f"{LIST}{endpoint.pk}/test/", {"kind": "webhook.test"})
    assert answer["Location"] == f"{LIST}{endpoint.pk}/{Delivery.objects.get().pk}/"


def test_a_test_that_is_refused_says_why(client: Client, person: User) -> None:
    endpoint = make_endpoint(account=person, disabled="gone")
    answer = client.post(f"{LIST}{endpoint.pk}/test/", {"kind": "webhook.test"}, headers={"HX-Request": "true"})
    assert (answer.status_code, "Switch it on first." in answer.content.decode()) == (200, True)


def test_each_kind_has_a_sample(client: Client) -> None:
    shown = client.get(f"{LIST}sample/", {"kind": "sale.made"}).content.decode()
    assert ("&quot;sale.made&quot;" in shown, "price_micro" in shown) == (True, True)
    assert "webhook.test" in client.get(f"{LIST}sample/", {"kind": "none.such"}).content.decode()


def test_the_log_is_filtered_and_a_delivery_shows_request_and_answer(client: Client, person: User) -> None:
    endpoint = make_endpoint(account=person, url="https://127.0.0.1/")
    failed = make_delivery(endpoint, is_test=True)
    Clock().send()
    delivered = make_delivery(endpoint, state="delivered")
    page = client.get(f"{LIST}{endpoint.pk}/", {"state": "failed"}).content.decode()
    assert (str(failed.pk) in page, str(delivered.pk) in page) == (True, False)
    assert client.get(f"{LIST}{endpoint.pk}/", {"state": "lost"}).status_code == 400
    shown = client.get(f"{LIST}{endpoint.pk}/{failed.pk}/").content.decode()
    assert ("webhook-signature: v1," in shown, "no longer sends to such an address" in shown) == (True, True)


def test_one_and_all_that_failed_are_sent_again(client: Client, person: User) -> None:
    endpoint = make_endpoint(account=person)
    one, other = (make_delivery(endpoint, state="failed") for _ in range(2))
    client.post(f"{LIST}{endpoint.pk}/{one.pk}/replay/")
    states = [Delivery.objects.get(pk=row.pk).state for row in (one, other)]
    assert states == ["waiting", "failed"]
    answer = client.post(
        f"{LIST}{endpoint.pk}/replay/", {"since": timezone.now().date().isoformat()}, follow=True
    ).content.decode()
    assert ("1 delivery is being sent again." in answer, Delivery.objects.get(pk=other.pk).state) == (True, "waiting")


@pytest.mark.parametrize("since", ["", "yesterday", "2026-02-31", "2026-13-01"])
def test_a_day_that_is_none_is_refused_in_words(client: Client, person: User, since: str) -> None:
    endpoint = make_endpoint(account=person)
    answer = client.post(f"{LIST}{endpoint.pk}/replay/", {"since": since}, follow=True)
    assert "Choose a day, such as" in answer.content.decode()


PAGES = ("webhook", "change_webhook", "switch_webhook", "rotate_webhook_secret", "delete_webhook", "test_webhook")
DELIVERY_PAGES = ("webhook_delivery", "replay_webhook", "webhook_result")


@pytest.mark.parametrize("name", [*PAGES, "replay_webhooks", *DELIVERY_PAGES])
def test_anothers_endpoint_does_not_exist(client: Client, name: str) -> None:
    theirs = make_delivery(state="failed")
    arguments = [theirs.endpoint_id, *([theirs.pk] if name in DELIVERY_PAGES else [])]
    address = reverse(f"pages:{name}", args=arguments)
    assert 404 in {client.get(address).status_code, client.post(address, {"url": URL}).status_code}
    assert 302 in {Client().get(address).status_code, Client().post(address).status_code}
    assert (Endpoint.objects.get().disabled, Delivery.objects.get().state) == ("", "failed")
