"""How often one may ask: counted for the right one, said in headers, refused with the seconds to wait."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client, RequestFactory
from limits import parse
from rest_framework.request import Request

from hub.settings.site import SiteConfig
from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from marketplace.api.limits.counters import Counters
from marketplace.api.limits.throttles import AddressLimit
from tests.factories.accounts import make_user
from tests.factories.limits import count_anew

pytestmark = pytest.mark.django_db
WALLET = "/api/v1/wallet"


@pytest.fixture(autouse=True)
def _nobody_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    count_anew(monkeypatch)


@pytest.fixture
def limited(settings: Any) -> Callable[..., None]:
    def set_limits(**limits: str) -> None:
        unlimited = {f"api_limit_{whom}": "" for whom in ("person", "key", "address")}
        given = {f"api_limit_{whom}": limit for whom, limit in limits.items()}
        settings.SITE = settings.SITE.model_copy(update=unlimited | given)

    return set_limits


def program(user: User) -> Client:
    return Client(headers={"authorization": f"Bearer {create_token(user=user)[1]}"})


def statuses(client: Client, times: int, address: str = WALLET) -> list[int]:
    return [client.get(address).status_code for _ in range(times)]


def test_an_answer_says_each_limit_and_what_is_left_of_it(limited: Callable[..., None]) -> None:
    limited(person="5/minute", key="3/10 seconds")
    client = program(make_user())
    client.get(WALLET)
    answer = client.get(WALLET)
    assert answer["RateLimit-Policy"] == '"key";q=3;w=10, "person";q=5;w=60'
    assert answer["RateLimit"] == '"key";r=1;t=10, "person";r=3;t=60'


def test_who_has_used_up_a_limit_is_told_how_long_to_wait(limited: Callable[..., None]) -> None:
    limited(person="2/minute")
    client = program(make_user())
    with time_machine.travel("2026-11-26T12:00:00Z", tick=False) as clock:
        assert statuses(client, 2) == [200, 200]
        clock.shift(20)
        refused = client.get(WALLET)
        assert (refused.status_code, refused["Retry-After"]) == (429, "40")
        assert refused.json()["errors"] == [
            {
                "code": "throttled",
                "detail": "Too many requests. Wait as many seconds as the header “Retry-After” says.",
                "attr": None,
            }
        ]
        assert refused["RateLimit"] == '"person";r=0;t=40'
        clock.shift(41)
        assert statuses(client, 3) == [200, 200, 429]


def test_no_stretch_of_the_windows_length_holds_more_than_the_limit(limited: Callable[..., None]) -> None:
    """Two at the end of one minute and two at the start of the next would be four within seconds."""
    limited(person="2/minute")
    client = program(make_user())
    with time_machine.travel("2026-11-26T12:00:59Z", tick=False) as clock:
        assert statuses(client, 2) == [200, 200]
        clock.shift(2)
        assert statuses(client, 2) == [429, 429]


def test_a_refused_request_takes_no_place(limited: Callable[..., None]) -> None:
    limited(person="1/10 seconds")
    client = program(make_user())
    with time_machine.travel("2026-11-26T12:00:00Z", tick=False) as clock:
        assert statuses(client, 5) == [200, 429, 429, 429, 429]
        clock.shift(11)
        assert statuses(client, 1) == [200]


def test_a_persons_keys_share_the_persons_limit_and_have_one_each(limited: Callable[..., None]) -> None:
    limited(person="3/minute", key="2/minute")
    person = make_user()
    one, other = program(person), program(person)
    # What the key's limit refuses takes nothing from the person's.
    assert statuses(one, 5) == [200, 200, 429, 429, 429]
    assert statuses(other, 2) == [200, 429]
    assert statuses(program(make_user()), 2) == [200, 200]


def test_strangers_are_counted_by_address(limited: Callable[..., None]) -> None:
    limited(address="2/minute")
    assert statuses(Client(REMOTE_ADDR="192.0.2.1"), 3, "/api/v1/styles") == [200, 200, 429]
    assert statuses(Client(REMOTE_ADDR="192.0.2.2"), 1, "/api/v1/styles") == [200]
    assert statuses(program(make_user()), 3) == [200, 200, 200]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer guessed"}], ids=["no key", "a wrong key"])
@pytest.mark.parametrize("address", [WALLET, "/v1/user/balance"])
def test_guessing_keys_is_counted_too(limited: Callable[..., None], headers: dict[str, str], address: str) -> None:
    limited(address="2/minute")
    client = Client(headers=headers, REMOTE_ADDR="192.0.2.3")
    assert statuses(client, 3, address) == [401, 401, 429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (1, "", "192.0.2.1"),
    ],
)
def test_what_a_caller_writes_into_forwarded_for_counts_only_behind_proxies(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str, counted: str
) -> None:
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", proxies)
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert AddressLimit().whom(Request(request)) == counted


def test_a_network_of_ipv6_is_one_address() -> None:
    def whom(address: str) -> str | None:
        return AddressLimit().whom(Request(RequestFactory().get("/", REMOTE_ADDR=address)))

    assert whom("2001:db8::1") == whom("2001:db8:0:0:ffff::2") != whom("2001:db8:0:1::1")


def test_without_a_limit_nothing_is_said(limited: Callable[..., None]) -> None:
    limited()
    answer = program(make_user()).get(WALLET)
    assert (answer.status_code, "RateLimit" in answer, "RateLimit-Policy" in answer) == (200, False, False)


def test_without_redis_each_process_counts_by_itself() -> None:
    away = Counters("redis://127.0.0.1:1/0")
    limit = parse("2/minute")
    assert [away.count(limit, "somebody").let_through for _ in range(3)] == [True, True, False]
    assert [Counters("amqp://elsewhere").count(limit, "somebody").remaining for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("limit", ["many", "0/minute", "10", "10/fortnight", "-1/minute", "10/minute; 5/hour"])
def test_a_limit_that_is_none_stops_the_start(limit: str) -> None:
    with pytest.raises(ValueError, match="api_limit_person"):
        SiteConfig(api_limit_person=limit)


@pytest.mark.parametrize("limit", ["", "10/minute", "10 / 5 seconds", "1000/day", "3/2 hours"])
def test_every_limit_that_settings_take_can_be_counted(limit: str) -> None:
    text = SiteConfig(api_limit_person=limit).api_limit_person
    assert text == "" or parse(text).amount > 0
    assert settings.SITE.proxies == 0


def test_payment_providers_may_send_as_many_webhooks_as_there_are_payments(limited: Callable[..., None]) -> None:
    limited(address="1/minute")
    client = Client(REMOTE_ADDR="192.0.2.4")
    answers = [client.post("/api/payments/sandbox/webhook", b"{}", "application/json") for _ in range(3)]
    assert {answer.json()["errors"][0]["code"] for answer in answers} == {"webhook_refused"}
