"""The whole way of a payment: order, checkout page, signed webhook over HTTP, wallet."""

from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from marketplace.accounts.models import User
from marketplace.ledger.selectors import wallet_balance
from marketplace.orders.services import start_top_up
from plugins.sandbox_payments.plugin import SandboxConfig
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db(transaction=True)
TEN_USD = 10_000_000


def checkout_path(buyer: User, site: str, **changes: str) -> str:
    urls = {"return_url": f"{site}/wallet", "webhook_url": f"{site}/api/payments/sandbox/webhook"}
    return urlsplit(start_top_up(buyer=buyer, amount_micro=TEN_USD, **urls | changes).url).path


def browser_of(site: str) -> Client:
    return Client(headers={"host": urlsplit(site).netloc})


def test_pressing_pay_fills_the_wallet_once(live_server: LiveServer) -> None:
    buyer = make_user()
    browser, path = browser_of(live_server.url), checkout_path(buyer, live_server.url)
    shown = browser.get(path)
    assert (shown.status_code, "10.00" in shown.content.decode(), wallet_balance(buyer)) == (200, True, 0)
    for _ in range(2):
        answer = browser.post(path)
        assert (answer.status_code, answer.headers["location"]) == (302, f"{live_server.url}/wallet")
        assert wallet_balance(buyer) == TEN_USD


def test_a_hub_that_does_not_answer_takes_no_payment(live_server: LiveServer) -> None:
    buyer = make_user()
    # The same host name, but nobody listens for webhooks there.
    path = checkout_path(buyer, live_server.url, webhook_url=f"{live_server.url}/api/payments/nobody/webhook")
    assert (browser_of(live_server.url).post(path).status_code, wallet_balance(buyer)) == (502, 0)


@pytest.mark.parametrize("changed", ["return_url", "webhook_url"])
def test_a_checkout_that_leads_elsewhere_is_not_shown(changed: str) -> None:
    path = checkout_path(make_user(), "http://testserver", **{changed: "http://elsewhere.example/"})
    assert (Client().get(path).status_code, Client().post(path).status_code) == (404, 404)


def test_an_address_that_we_did_not_sign_is_not_shown() -> None:
    forged = signing.dumps({"amount_micro": 1}, key="guessed", salt="plugins.sandbox_payments.checkout")
    other_salt = signing.dumps({"amount_micro": 1}, key=SandboxConfig().webhook_secret)
    for token in ("junk", forged, other_salt):
        assert Client().get(f"/plugins/sandbox_payments/checkout/{token}").status_code == 404
