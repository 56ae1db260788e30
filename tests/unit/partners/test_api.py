"""Licensing over REST: the whole way, who is let in, and what strangers are told."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hub.receipts import Kind, keys_of, read, revocations_in
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import wallet_balance
from marketplace.partners.matrix import keep
from marketplace.partners.models import Partner, Takedown
from marketplace.partners.revoking import publish_takedown, revoke
from tests.factories.accounts import make_staff, make_user
from tests.factories.generation import make_request
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.partners import (
    agree,
    deliver,
    licensable_version,
    make_account,
    make_grant,
    order_under,
    program_of,
)

pytestmark = pytest.mark.django_db
WELL_KNOWN = "/.well-known/irodori-receipt-keys.json", "/.well-known/irodori-revocations.jws"


def post(client: Client, address: str, body: object, **headers: str) -> Any:
    return client.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json", headers=headers)


def image_order(version: StyleVersion) -> dict[str, Any]:
    request = make_request(version)
    return {
        "base_model": request.base_model,
        "prompt": request.prompt,
        "adapters": [{"version": version.pk}],
        "width": 64,
        "height": 64,
        "steps": 4,
    }


@pytest.mark.parametrize(
    "address",
    [
        *("licensable", "terms", "grants", "usage", "usage.csv", "statements"),
        *(f"grants/{uuid.UUID(int=0)}{part}" for part in ("", "/agreement", "/receipt")),
        "statements/2026-10.csv",
    ],
)
def test_an_organisation_that_only_looks_writes_nothing(address: str) -> None:
    account = make_account(0)
    licensable_version()
    keep()
    client = program_of(account)
    client.get("/api/v1/wallet")  # notes that its key is used
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/api/v1/partner/{address}")
        b"".join(answer) if answer.streaming else answer.content
    assert answer.status_code == (404 if "/" in address else 200)
    assert [
        query["sql"] for query in asked if not query["sql"].lstrip().startswith(("SELECT", "SAVEPOINT", "RELEASE"))
    ] == []
    assert not Partner.objects.exists()


def test_whoever_never_licensed_has_the_usual_terms_may_ask_quotes_and_is_enrolled_by_accepting_one() -> None:
    account, version = make_account(), licensable_version()
    client = program_of(account)
    told = client.get("/api/v1/partner/terms").json()
    assert (told["price_bp"], told["images_per_day"], told["images_today"], told["spent_micro"]) == (
        10_000,
        1_000,
        0,
        0,
    )
    asked = {"version": version.pk, "permissions": ["commercial_use"], "images": 5, "payment": "prepaid"}
    quote = post(client, "partner/quotes", asked).json()
    assert quote["total_micro"] == 5 * CREDIT
    order = post(client, "generations", image_order(version), **{"Irodori-Grant": str(uuid.uuid4())})
    assert (order.status_code, order.json()["errors"][0]["code"]) == (404, "grant_not_found")
    assert not Partner.objects.exists()
    assert post(client, "partner/grants", {"quote": quote["quote"]}).status_code == 201
    assert Partner.objects.get().organisation.account == account


def test_a_header_that_names_no_grant_licenses_nothing() -> None:
    """Also where the image has no style, and so none of its styles lacks a grant."""
    request = make_request()
    order = {"base_model": request.base_model, "prompt": "a fox", "width": 64, "height": 64, "steps": 4}
    answer = post(program_of(make_account()), "generations", order, **{"Irodori-Grant": ","})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "grant_does_not_cover")


def test_from_the_list_to_a_verified_receipt(receipt_key: object) -> None:
    account, version = make_account(), licensable_version()
    client = program_of(account)
    keep()
    offered = client.get("/api/v1/partner/licensable?permissions=commercial_use").json()["results"][0]
    asked = {"version": offered["version"], "permissions": ["commercial_use"], "images": 5, "payment": "prepaid"}
    quote = post(client, "partner/quotes", asked).json()
    assert (quote["total_micro"], quote["days"], [line["amount_micro"] for line in quote["split"]]) == (
        5 * CREDIT,
        365,
        [35_000, 15_000],
    )
    made = post(client, "partner/grants", {"quote": quote["quote"]})
    grant = made.json()
    assert (made.status_code, grant["state"], grant["agreement"]["total_micro"]) == (201, "active", 5 * CREDIT)
    assert made["Location"].endswith(f"/api/v1/partner/grants/{grant['id']}")
    ordered = post(client, "generations", image_order(version), **{"Irodori-Grant": grant["id"]})
    assert (ordered.status_code, ordered.json()["price_micro"]) == (201, 100)
    generation = deliver(Generation.objects.get(pk=ordered.json()["id"]))
    keys = keys_of(Client().get(WELL_KNOWN[0]).json())
    receipts = [
        client.get(f"/api/v1/{address}/receipt")
        for address in (f"partner/grants/{grant['id']}", f"generations/{generation.pk}")
    ]
    assert [receipt["Content-Type"] for receipt in receipts] == ["application/jose"] * 2
    claims = [read(receipt.content.decode(), keys, Kind.RECEIPT) for receipt in receipts]
    assert [each["kind"] for each in claims] == ["grant", "image"]
    assert claims[1]["image"]["sha256"] == generation.image_sha256
    assert client.get(f"/api/v1/partner/grants/{grant['id']}").json()["images_used"] == 1
    assert [line["id"] for line in client.get("/api/v1/partner/grants").json()["results"]] == [grant["id"]]


def test_a_grant_accepted_twice_under_one_key_is_paid_once() -> None:
    account = make_account()
    client = program_of(account)
    asked = {"version": licensable_version().pk, "permissions": ["commercial_use"], "images": 5, "payment": "prepaid"}
    body = {"quote": post(client, "partner/quotes", asked).json()["quote"]}
    answers = [post(client, "partner/grants", body, **{"Idempotency-Key": "one"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert wallet_balance(account) == 995 * CREDIT


def test_one_key_for_orders_under_two_grants_is_refused() -> None:
    account, version = make_account(), licensable_version()
    client, grants = program_of(account), [make_grant(account, version) for _ in range(2)]
    statuses = [
        post(client, "generations", image_order(version), **{"Idempotency-Key": "one", "Irodori-Grant": str(grant.pk)})
        for grant in (grants[0], grants[0], grants[1])
    ]
    assert [answer.status_code for answer in statuses] == [201, 201, 409]
    assert Generation.objects.count() == 1


def test_a_quote_of_an_image_tells_the_grants_price() -> None:
    account, version = make_account(), licensable_version()
    grant = make_grant(account, version, payment="prepaid")
    answer = post(program_of(account), "quotes", image_order(version), **{"Irodori-Grant": str(grant.pk)}).json()
    assert (answer["total_micro"], answer["lines"][0]["price_micro"]) == (100, 0)


ADDRESSES = {
    "list": ("get", "partner/licensable"),
    "terms": ("get", "partner/terms"),
    "quote": ("post", "partner/quotes"),
    "grants": ("get", "partner/grants"),
    "accept": ("post", "partner/grants"),
    "grant": ("get", "partner/grants/{grant}"),
    "agreement": ("get", "partner/grants/{grant}/agreement"),
    "receipt of a grant": ("get", "partner/grants/{grant}/receipt"),
    "usage": ("get", "partner/usage"),
    "usage as CSV": ("get", "partner/usage.csv"),
    "statements": ("get", "partner/statements"),
    "a statement": ("get", "partner/statements/2026-10.csv"),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_people_are_told_that_licensing_is_for_organisations(name: str) -> None:
    method, address = ADDRESSES[name]
    grant = make_grant(make_account())
    for person in (make_user(), make_staff()):
        answer = program_of(person).generic(
            method.upper(), f"/api/v1/{address.format(grant=grant.pk)}", "{}", content_type="application/json"
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "partners_only")


@pytest.mark.parametrize("name", ADDRESSES)
def test_without_signing_in_there_is_nothing(name: str) -> None:
    method, address = ADDRESSES[name]
    assert Client().generic(method.upper(), f"/api/v1/{address.format(grant=uuid.uuid4())}", "{}").status_code == 401


def test_another_partners_grants_and_receipts_answer_as_unknown_ones(receipt_key: object) -> None:
    owner = make_account()
    grant = make_grant(owner)
    generation = deliver(order_under(owner, grant))
    for stranger in (make_account(), owner):
        real = stranger == owner
        client = program_of(stranger)
        for address, id_ in (
            ("partner/grants/{}", grant.pk),
            ("partner/grants/{}/agreement", grant.pk),
            ("partner/grants/{}/receipt", grant.pk),
            ("generations/{}/receipt", generation.pk),
        ):
            answers = [client.get(f"/api/v1/{address.format(each)}") for each in (id_, uuid.uuid4())]
            assert answers[1].status_code == 404
            assert (answers[0].status_code == 200) is real
            assert real or answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"version": "x", "permissions": [], "images": 1},
        {"version": 10**30, "permissions": ["merging"], "images": 1},
        {"version": 1, "permissions": "merging", "images": 1},
        {"version": 1, "permissions": ["merging"], "images": 10**30},
        {"version": 1, "permissions": [["merging"]], "images": 1},
        {"version": 1, "permissions": ["merging"], "images": 1, "territory": [1]},
        {"version": 1, "permissions": ["merging"] * 100_000, "images": 1},
        {"version": 1, "permissions": ["merging"], "images": 1, "payment": "free"},
        {"version": 1, "permissions": ["\0"], "images": 1},
    ],
)
def test_a_broken_request_is_refused_and_nothing_is_made(body: object) -> None:
    answer = post(program_of(make_account()), "partner/quotes", body)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("quote", ["", "x", "\0", "a" * 4_000, "::", None, 7])
def test_what_is_no_quote_is_refused(quote: object) -> None:
    answer = post(program_of(make_account()), "partner/grants", {"quote": quote})
    assert answer.status_code == 400


def test_terms_tell_what_is_left() -> None:
    account = make_account()
    agree(account, spend_cap_micro=50 * CREDIT, images_per_day=7, territories=["JP"])
    order_under(account, make_grant(account, territory=("JP",), payment="prepaid"))
    assert program_of(account).get("/api/v1/partner/terms").json() == {
        "organisation": account.organisation.slug,
        "territories": ["JP"],
        "price_bp": 10_000,
        "images_per_day": 7,
        "images_today": 1,
        "images_per_month": 20_000,
        "images_this_month": 1,
        "spend_cap_micro": 50 * CREDIT,
        "spent_micro": 10 * CREDIT + 100,
        "currency": "USD",
    }


def test_the_signed_list_tells_what_was_revoked_and_taken_down_and_can_be_cached(receipt_key: object) -> None:
    account = make_account()
    grant, other = make_grant(account), make_grant(account)
    revoke(grant_id=grant.pk, reason="A mistake.")
    takedown = publish_takedown(version=other.agreement.version, reason="Without consent.")
    keys, answer = keys_of(Client().get(WELL_KNOWN[0]).json()), Client().get(WELL_KNOWN[1])
    claims = read(answer.content.decode(), keys, Kind.REVOCATIONS)
    revoked = revocations_in(claims, takedown.published_at)
    assert {id_: each.reason for id_, each in revoked.items()} == {
        str(grant.pk): "A mistake.",
        str(other.pk): "Without consent.",
    }
    assert [notice["takedown"] for notice in claims["takedowns"]] == [str(takedown.pk)]
    assert answer["Cache-Control"] == "public, max-age=300"
    again = Client().get(WELL_KNOWN[1], headers={"if-none-match": answer["ETag"]})
    assert again.status_code in {200, 304}  # 200 where the five minutes ended in between


def test_staff_revoke_grants_and_publish_takedowns_in_the_admin() -> None:
    staff = Client()
    staff.force_login(make_staff())
    account = make_account()
    grant, other = make_grant(account), make_grant(account)
    staff.post("/admin/partners/grant/", {"action": "revoke_them", "_selected_action": [str(grant.pk)]})
    answer = staff.post(
        "/admin/partners/takedown/add/",
        {"version": other.agreement.version_id, "reason": "Without consent.", "claimant": "A photographer"},
    )
    assert answer.status_code == 302
    for each in (grant, other):
        each.refresh_from_db()
    assert (grant.revoked_reason, other.revoked_reason) == ("Revoked by the hub.", "Without consent.")
    assert Takedown.objects.get().claimant == "A photographer"
    for page in ("partner", "agreement", "grant", "takedown"):
        assert staff.get(f"/admin/partners/{page}/").status_code == 200
    assert staff.get(f"/admin/partners/partner/{grant.partner_id}/change/").status_code == 200


@pytest.mark.parametrize("territories", ["[1]", '["XX"]', '{"a": 1}'])
def test_staff_can_not_set_what_is_no_territory(territories: str) -> None:
    staff = Client()
    staff.force_login(make_staff())
    partner = agree(make_account())
    body = {
        "organisation": partner.organisation_id,
        "territories": territories,
        "price_bp": 10_000,
        "prices-TOTAL_FORMS": 0,
        "prices-INITIAL_FORMS": 0,
    }
    answer = staff.post(f"/admin/partners/partner/{partner.pk}/change/", body)
    assert "country codes" in answer.content.decode()


def test_a_buyer_who_names_a_grant_is_told_that_it_is_for_organisations() -> None:
    buyer: User = make_buyer()
    version = licensable_version()
    answer = post(program_of(buyer), "generations", image_order(version), **{"Irodori-Grant": str(uuid.uuid4())})
    assert (answer.status_code, answer.json()["errors"][0]["code"], Generation.objects.count()) == (
        403,
        "partners_only",
        0,
    )
