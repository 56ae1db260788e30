import json
import time
from typing import Any

import pytest
from django.test import Client

from hub.config import plugin_registry
from hub.plugin_api import PAYMENT_PROVIDER, Checkout, CheckoutRequest
from marketplace.accounts.models import User
from marketplace.errors import InvalidInput, NotFound
from marketplace.ledger.models import Transaction
from marketplace.ledger.selectors import sum_of_all_entries, wallet_balance
from marketplace.orders.models import TopUp, WebhookEvent
from marketplace.orders.services import start_top_up
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.provider import SandboxProvider
from plugins.sandbox_payments.signature import signed_headers
from tests.factories.accounts import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SECRET = SandboxConfig().webhook_secret
TEN_USD = 10_000_000
WEBHOOK = "/api/payments/sandbox/webhook"


def start(buyer: User, amount_micro: int = TEN_USD, **changes: Any) -> Checkout:
    urls = {"return_url": "http://testserver/wallet", "webhook_url": f"http://testserver{WEBHOOK}"}
    return start_top_up(buyer=buyer, amount_micro=amount_micro, **urls | changes)


def webhook(event: dict[str, Any], event_id: str = "evt_1", *, secret: str = SECRET, age: int = 0) -> int:
    """The status that the provider gets for this event."""
    body = json.dumps(event).encode()
    headers = signed_headers(secret, event_id, int(time.time()) - age, body)
    # A browser's CSRF token is nothing that a provider has.
    answer = Client(enforce_csrf_checks=True).post(WEBHOOK, body, "application/json", headers=headers)
    return answer.status_code


def paid(top_up: TopUp, **changes: Any) -> dict[str, Any]:
    event = {
        "kind": "payment.succeeded",
        "idempotency_key": f"top_up:{top_up.pk}",
        "amount_micro": top_up.amount_micro,
        "currency": "USD",
    }
    return event | changes


@pytest.fixture
def buyer() -> User:
    return make_user()


@pytest.fixture
def top_up(buyer: User) -> TopUp:
    start(buyer)
    return TopUp.objects.get()


def outcomes() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))


def test_a_checkout_credits_nothing(buyer: User, top_up: TopUp) -> None:
    assert (top_up.state, top_up.checkout_id[:8], wallet_balance(buyer)) == ("pending", "sandbox_", 0)


def test_a_signed_webhook_pays_the_order(buyer: User, top_up: TopUp) -> None:
    assert webhook(paid(top_up)) == 204
    top_up.refresh_from_db()
    assert (top_up.state, wallet_balance(buyer), outcomes()) == ("paid", TEN_USD, ["paid"])
    assert Transaction.objects.get().key == f"top_up:{top_up.pk}"
    assert (top_up.paid_at is not None, sum_of_all_entries()) == (True, 0)


def test_the_same_event_again_and_another_event_for_the_same_order_change_nothing(buyer: User, top_up: TopUp) -> None:
    assert [webhook(paid(top_up), event_id) for event_id in ("evt_1", "evt_1", "evt_2")] == [204, 204, 204]
    assert (wallet_balance(buyer), outcomes()) == (TEN_USD, ["paid", "already_paid"])


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"amount_micro": TEN_USD + 1}, "wrong_amount"),
        ({"amount_micro": 0}, "wrong_amount"),
        ({"currency": "JPY"}, "wrong_amount"),
        ({"kind": "payment.failed"}, "ignored"),
        ({"idempotency_key": "top_up:00000000-0000-4000-8000-000000000000"}, "unknown_order"),
        ({"idempotency_key": "top_up:junk"}, "unknown_order"),
        ({"idempotency_key": "something else"}, "unknown_order"),
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_the_order_pays_nothing(
    buyer: User, top_up: TopUp, changes: dict[str, Any], outcome: str
) -> None:
    assert webhook(paid(top_up, **changes)) == 204
    assert (wallet_balance(buyer), outcomes()) == (0, [outcome])


def test_an_order_is_paid_though_a_failure_came_first(buyer: User, top_up: TopUp) -> None:
    assert webhook(paid(top_up, kind="payment.failed"), "evt_1") == 204
    assert webhook(paid(top_up), "evt_2") == 204
    assert (wallet_balance(buyer), outcomes()) == (TEN_USD, ["ignored", "paid"])


def test_a_stored_event_that_was_not_processed_is_processed_when_it_comes_again(buyer: User, top_up: TopUp) -> None:
    event = paid(top_up)
    WebhookEvent.objects.create(
        provider="sandbox", event_id="evt_1", kind=event["kind"], order_key=event["idempotency_key"],
        amount_micro=TEN_USD, currency="USD",
    )  # fmt: skip
    assert webhook(event) == 204
    assert (wallet_balance(buyer), outcomes()) == (TEN_USD, ["paid"])


@pytest.mark.parametrize("how", [{"secret": "guessed"}, {"age": 310}, {"age": -310}], ids=str)
def test_a_forged_or_stale_webhook_is_refused_and_not_stored(buyer: User, top_up: TopUp, how: dict[str, Any]) -> None:
    assert webhook(paid(top_up), **how) == 400
    assert (wallet_balance(buyer), outcomes()) == (0, [])


def test_a_webhook_whose_body_was_changed_is_refused(top_up: TopUp) -> None:
    headers = signed_headers(SECRET, "evt_1", int(time.time()), json.dumps(paid(top_up)).encode())
    other = json.dumps(paid(top_up, amount_micro=1)).encode()
    assert Client().post(WEBHOOK, other, "application/json", headers=headers).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"webhook-id": "x"}, {"webhook-id": "x", "webhook-timestamp": "²"}], ids=str)
def test_a_webhook_without_its_headers_is_refused(headers: dict[str, str]) -> None:
    assert Client().post(WEBHOOK, b"{}", "application/json", headers=headers).status_code == 400


def test_a_signed_body_that_is_no_event_is_refused() -> None:
    assert webhook({"kind": "payment.succeeded"}) == 400


def test_a_provider_that_is_not_enabled_is_not_found(buyer: User) -> None:
    assert Client().post("/api/payments/nobody/webhook", b"{}", "application/json").status_code == 404
    with pytest.raises(NotFound):
        start(buyer, provider="nobody")


@pytest.mark.parametrize("amount_micro", [0, -1, 999_999, 1_000_001, 500_010_000, 10**30])
def test_amounts_that_cannot_be_bought_leave_no_order(buyer: User, amount_micro: int) -> None:
    with pytest.raises(InvalidInput, match=r"from 100 to 50,000"):
        start(buyer, amount_micro)
    assert TopUp.objects.count() == 0


def test_a_checkout_asked_for_twice_is_the_same_checkout() -> None:
    sandbox = plugin_registry().get(PAYMENT_PROVIDER, "sandbox")
    assert isinstance(sandbox, SandboxProvider)
    request = CheckoutRequest("top_up:1", TEN_USD, "USD", "http://testserver/wallet", f"http://testserver{WEBHOOK}")
    assert sandbox.start_checkout(request).id == sandbox.start_checkout(request).id
    headers, body = sandbox.paid_webhook(request)
    assert sandbox.parse_webhook(headers, body).idempotency_key == "top_up:1"
