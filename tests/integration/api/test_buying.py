"""Buying, selling and subscribing as a program does it, from the price to the receipt and the creator's earnings."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.orders.models import Purchase
from marketplace.orders.purchases import refund_purchase
from tests.api_operations import content_of
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.resources import file_for_sale, finished, make_owner

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
ROOT = "/api/v1"


class Program:
    """Acts for a person."""

    def __init__(self, user: User) -> None:
        self.client = APIClient()
        self.client.force_authenticate(user)

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        content = "" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.generic(method, f"{ROOT}/{path}", content, "application/json", headers=named)
        assert answer.status_code == status, answer.content
        return answer.json() if status < 300 and answer.content else None

    def buy(self, kind: str, item: object) -> Any:
        quote = self.ask("POST", "purchases/quotes", {"kind": kind, "item": str(item)})
        return self.ask("POST", "purchases", {"quote": quote["quote"]}, 201)


def test_a_file_is_bought_once_downloaded_and_taken_back_with_its_refund() -> None:
    buyer = make_buyer()
    program, version = Program(buyer), file_for_sale(buyer)
    quote = program.ask("POST", "purchases/quotes", {"kind": "file", "item": str(version)})
    assert (quote["total_micro"], sum(part["amount_micro"] for part in quote["split"])) == (CREDIT, CREDIT)
    bought = program.ask("POST", "purchases", {"quote": quote["quote"]}, 201)
    assert program.ask("POST", "purchases", {"quote": quote["quote"]}, 201) == bought
    assert program.ask("GET", "wallet")["balance_micro"] == 99 * CREDIT
    assert program.ask("GET", "purchases")["results"] == [bought]
    assert content_of(program.client.get(bought["file"])).startswith(b"file ")
    [movement, _top_up] = program.ask("GET", "wallet/movements")["results"]
    assert (movement["kind"], movement["amount_micro"]) == ("sale", -CREDIT)
    refund_purchase(purchase=Purchase.objects.get(pk=bought["id"]))
    assert program.ask("GET", f"purchases/{bought['id']}")["file"] is None
    assert program.client.get(bought["file"]).status_code == 404


def test_what_a_creator_earns_is_told_by_day_source_and_model() -> None:
    buyer = make_buyer()
    version = StyleVersion.objects.get(pk=file_for_sale(buyer))
    Program(buyer).buy("file", version.pk)
    report = Program(version.style.creator).ask("GET", "earnings/report?days=7")
    assert (report["pending_micro"], report["available_micro"]) == (7_000, 0)
    assert report["by_source"] == [{"source": "creator", "amount_micro": 7_000}]
    assert [line["amount_micro"] for line in report["by_day"]] == [7_000]
    assert [(line["version"], line["sales"], line["amount_micro"]) for line in report["by_model"]] == [
        (version.pk, 1, 7_000)
    ]
    [entry] = Program(version.style.creator).ask("GET", "earnings/entries")["results"]
    assert (entry["kind"], entry["role"], entry["amount_micro"]) == ("sale", "creator", 7_000)


def test_a_subscription_is_offered_bought_and_stopped() -> None:
    creator, subscriber = make_owner(), Program(make_buyer())
    Program(creator).ask("PUT", "account/subscription", {"price_micro": 30 * CREDIT})
    assert subscriber.ask("GET", f"creators/{creator.pk}/subscription")["price_micro"] == 30 * CREDIT
    assert subscriber.buy("subscription", creator.pk)["creator"] == creator.pk
    [held] = subscriber.ask("GET", "subscriptions")["results"]
    assert (held["creator"], held["creator_name"], held["renews"]) == (creator.pk, "Owner", True)
    stopped = subscriber.ask("POST", f"subscriptions/{creator.pk}/stop")
    assert (stopped["renews"], stopped["until"]) == (False, held["until"])


def test_a_picture_is_listed_found_bought_and_taken_off_in_the_state_that_was_seen() -> None:
    owner, buyer = make_owner(), Program(make_buyer())
    seller, generation = Program(owner), finished(owner)
    terms = {"generation": str(generation.pk), "title": "Harbour", "licence": "CC0-1.0", "price_micro": CREDIT}
    listed = seller.ask("POST", "listings", terms, 201)
    assert [each["id"] for each in buyer.ask("GET", "listings?search=harb+owner")["results"]] == [listed["id"]]
    assert buyer.ask("GET", "listings?search=forest")["results"] == []
    bought = buyer.buy("picture", listed["id"])
    assert content_of(buyer.client.get(bought["file"])).startswith(b"\x89PNG")
    seen = seller.client.get(f"{ROOT}/listings/{listed['id']}")["ETag"]
    seller.ask("DELETE", f"listings/{listed['id']}", status=412, if_match='"another"')
    seller.ask("DELETE", f"listings/{listed['id']}", status=204, if_match=seen)
    assert buyer.ask("GET", "listings")["results"] == []
    assert [each["open"] for each in seller.ask("GET", "account/listings")["results"]] == [False]
