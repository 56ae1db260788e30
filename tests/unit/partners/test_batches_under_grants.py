"""Batches under grants: each image as if it were ordered alone, all limits for the whole batch at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hub.receipts import Kind, read
from marketplace.accounts.models import User
from marketplace.batches.errors import ItemsRefused
from marketplace.batches.models import Batch
from marketplace.batches.services import cancel_rest, quote_batch, request_batch
from marketplace.errors import Refusal
from marketplace.events import Event, announced
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.partners import statements
from marketplace.partners.issuing import issue_waiting
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.limits import images_under, used
from marketplace.partners.models import LicensedImage, PartnerPrice
from marketplace.partners.revoking import revoke
from marketplace.statements.months import month_of
from tests.factories.batches import images_of
from tests.factories.generation import failed, make_request
from tests.factories.ledger import CREDIT
from tests.factories.partners import (
    agree,
    batch_under,
    deliver,
    licensable_version,
    make_account,
    make_grant,
    order_under,
    permits,
    program_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
# What the echo engine asks for computing 64 x 64 pixels in 4 steps.
COMPUTE = 100


def refusal_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        act()
    return refusal.value.code


def refusals_of(act: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(ItemsRefused) as refused, transaction.atomic():
        act()
    return {path: each.code for path, each in refused.value.refusals.items()}


def test_each_image_costs_what_its_grant_says() -> None:
    account, version = make_account(), licensable_version()
    PartnerPrice.objects.create(partner=agree(account), version=version, price_micro=3 * CREDIT)
    per_image, prepaid = make_grant(account, version), make_grant(account, payment="prepaid")
    batch = batch_under(account, per_image, prepaid, size=3)
    assert [row.price_micro for row in images_of(batch)] == [3 * CREDIT + COMPUTE, COMPUTE, 3 * CREDIT + COMPUTE]
    licensed = [LicensedImage.objects.get(pk=row.pk) for row in images_of(batch)]
    assert [list(image.grants.all()) for image in licensed] == [[per_image], [prepaid], [per_image]]
    assert [image.prepaid_micro for image in licensed] == [0, CREDIT, 0]
    assert (batch.price_micro, held_balance(account)) == (6 * CREDIT + 3 * COMPUTE,) * 2


def test_the_quote_of_a_batch_is_for_its_grants_alone() -> None:
    account, version = make_account(), licensable_version()
    grant = make_grant(account, version, payment="prepaid")
    other = make_grant(account, version)
    requests = [make_request(version), make_request(version, seed=2)]
    quote, token = quote_batch(buyer=account, requests=requests, permits=permits(account, grant))
    assert quote.total_micro == 2 * COMPUTE

    def order(under: Any) -> Batch:
        return request_batch(buyer=account, requests=requests, quote=token.text, permits=under)

    for under in (None, permits(account, other)):
        assert refusal_of(lambda under=under: order(under)) == "quote_of_something_else"  # type: ignore[misc]  # bound now
    assert order(permits(account, grant)).price_micro == 2 * COMPUTE


def test_images_that_the_grants_do_not_cover_are_named_and_none_is_ordered() -> None:
    account = make_account()
    merging = make_grant(account, permissions=("commercial_use", "merging"))
    plain = make_grant(account)
    covered, other = merging.agreement.version, plain.agreement.version
    requests = [
        make_request(covered),
        make_request(),
        make_request(licensable_version()),
        make_request(covered, other),
        make_request(other, resale=True),
    ]
    assert refusals_of(
        lambda: request_batch(buyer=account, requests=requests, permits=permits(account, merging, plain))
    ) == {
        "items.1.adapters": "grant_does_not_cover",
        "items.2.adapters": "grant_does_not_cover",
        "items.3": "permission_not_granted",
        "items.4": "permission_not_granted",
    }
    assert not Generation.objects.exists()


def test_each_image_is_for_where_its_own_grants_hold() -> None:
    account = make_account()
    japan, everywhere = make_grant(account, territory=("JP",)), make_grant(account)
    rows = images_of(batch_under(account, japan, everywhere, size=2))
    assert [row.licensed_image.territory for row in rows] == [["JP"], []]
    rows = images_of(batch_under(account, japan, everywhere, size=2, territory="JP"))
    assert [row.licensed_image.territory for row in rows] == [["JP"], ["JP"]]
    assert refusals_of(lambda: batch_under(account, japan, everywhere, size=2, territory="DE")) == {
        "items.0": "territory_not_granted"
    }


def test_two_grants_for_one_version_leave_it_open_which_counts() -> None:
    account, version = make_account(), licensable_version()
    assert refusal_of(lambda: permits(account, make_grant(account, version), make_grant(account, version))) == (
        "bad_grant"
    )


def test_grants_that_are_over_or_anothers_order_nothing(time_machine: Any) -> None:
    account = make_account()
    grant, revoked = make_grant(account), make_grant(account)
    revoke(grant_id=revoked.pk, reason="A mistake.")
    assert refusal_of(lambda: batch_under(make_account(), grant)) == "grant_not_found"
    assert refusal_of(lambda: batch_under(account, grant, revoked)) == "grant_revoked"
    time_machine.move_to(timezone.now() + timedelta(days=30, minutes=1))
    assert refusal_of(lambda: batch_under(account, grant)) == "grant_expired"


def test_a_grant_lets_a_batch_in_before_everyone_else() -> None:
    account = make_account()
    version = licensable_version(public_from=timezone.now() + timedelta(days=3))
    assert batch_under(account, make_grant(account, version)).size == 3


@pytest.mark.parametrize(
    ("terms", "grant", "code"),
    [
        ({"images_per_day": 5}, {}, "quota_reached"),
        ({"images_per_month": 5}, {}, "quota_reached"),
        ({"spend_cap_micro": 5 * (CREDIT + COMPUTE)}, {}, "spend_cap_reached"),
        ({}, {"images": 5}, "grant_used_up"),
        ({}, {"images": 5, "payment": "prepaid"}, "grant_used_up"),
    ],
)
def test_a_batch_fits_into_every_limit_whole_or_is_refused_whole(
    terms: dict[str, Any], grant: dict[str, Any], code: str
) -> None:
    account = make_account()
    agree(account, **terms)
    granted = make_grant(account, **grant)
    batch_under(account, granted, size=3)
    held = held_balance(account)
    assert refusal_of(lambda: batch_under(account, granted, size=3)) == code
    assert (Batch.objects.count(), images_under(granted), held_balance(account)) == (1, 3, held)
    assert batch_under(account, granted, size=2).size == 2
    assert refusal_of(lambda: order_under(account, granted)) == code


def test_not_enough_credit_leaves_the_quota_as_it_was() -> None:
    account = make_account(2.5)
    partner = agree(account, images_per_day=3)
    grant = make_grant(account)
    assert refusal_of(lambda: batch_under(account, grant, size=3)) == "not_enough_credit"
    assert (used(partner, timezone.now()).images_today, images_under(grant), held_balance(account)) == (0, 0, 0)


def test_what_fails_or_is_cancelled_gives_its_share_back_as_a_single_order_does() -> None:
    account = make_account()
    partner = agree(account, images_per_day=4)
    prepaid, per_image = make_grant(account, images=2, payment="prepaid"), make_grant(account, images=2)
    batch = batch_under(account, prepaid, per_image, size=4)
    rows = images_of(batch)
    before = wallet_balance(account)
    services.failed(failed(rows[0], retryable=False))
    services.failed(failed(rows[1], retryable=False))
    assert wallet_balance(account) == before + 2 * COMPUTE + CREDIT
    assert (images_under(prepaid), images_under(per_image)) == (1, 1)
    assert used(partner, timezone.now()).images_today == 2
    deliver(rows[2])
    assert cancel_rest(batch=batch) == 1
    assert (images_under(prepaid), images_under(per_image), held_balance(account)) == (1, 0, 0)
    assert order_under(account, prepaid)
    assert batch_under(account, per_image, size=2).size == 2
    assert sum_of_all_entries() == 0


def test_the_last_images_of_a_quota_and_of_a_grant_are_announced_once() -> None:
    heard: list[Event] = []

    def hear(sender: Any, event: Event, **_rest: Any) -> None:
        heard.append(event)

    account = make_account()
    agree(account, images_per_day=5)
    grant = make_grant(account, images=5)
    announced.connect(hear)
    try:
        batch_under(account, grant, size=4)
        assert heard == []
        batch_under(account, grant, size=1)
    finally:
        announced.disconnect(hear)
    assert heard == [
        Event("quota.reached", account.pk, {"span": "day", "images": 5}),
        Event("grant.used_up", account.pk, {"grant": str(grant.pk)}),
    ]


def test_a_thousand_images_under_a_grant_take_few_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    account = make_account(2_000)
    grant = make_grant(account, images=1_000)
    request = make_request(grant.agreement.version)
    requests = [replace(request, seed=number) for number in range(1_000)]
    with django_assert_max_num_queries(180):  # SQLite takes a thousand values in a statement
        request_batch(buyer=account, requests=requests, permits=permits(account, grant))
    assert images_under(grant) == 1_000


def post(account: User, address: str, body: object, **headers: str) -> Any:
    client = program_of(account)
    return client.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json", headers=headers)


def test_from_the_quote_to_receipts_usage_and_statement(receipt_key: object) -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid", territory=("DE", "JP"))
    version = grant.agreement.version
    common = {"base_model": version.pack.base_model.slug, "adapters": [{"version": version.pk}]}
    asked = {"defaults": {**common, "width": 64, "height": 64, "steps": 4}, "prompts": ["a fox", "a hare", "an owl"]}
    under = {"Irodori-Grant": str(grant.pk), "Irodori-Territory": "JP"}
    quote = post(account, "batches/quote", asked, **under).json()
    assert quote["total_micro"] == 3 * COMPUTE
    made = post(account, "batches", asked | {"quote": quote["quote"]}, **under)
    assert (made.status_code, made.json()["price_micro"]) == (201, 3 * COMPUTE)
    fox, hare, owl = images_of(Batch.objects.get())
    for row in (fox, hare):
        deliver(row, row.prompt.encode())
    services.failed(failed(owl, retryable=False))
    assert issue_waiting() == 2
    client = program_of(account)
    for row in (fox, hare):
        text = client.get(f"/api/v1/generations/{row.pk}/receipt").content.decode()
        claims = read(text, receipt_keyring().public, Kind.RECEIPT)
        assert (claims["image"]["sha256"], claims["territory"]) == (row.image_sha256, ["JP"])
        assert claims["price"] == {"paid_micro": COMPUTE, "prepaid_micro": CREDIT, "currency": "USD"}
    assert client.get(f"/api/v1/generations/{owl.pk}/receipt").status_code == 404
    usage = client.get("/api/v1/partner/usage").json()
    assert (usage["images"], usage["paid_micro"], usage["prepaid_micro"]) == (2, 2 * COMPUTE, 2 * CREDIT)
    assert client.get(f"/api/v1/partner/grants/{grant.pk}").json()["images_used"] == 2
    period = month_of(f"{timezone.now():%Y-%m}")
    paid = [line for line in statements.lines(grant.partner, period) if line.kind == "capture"]
    assert {(line.image_sha256, line.grants, line.amount_micro) for line in paid} == {
        (row.image_sha256, str(grant.pk), -COMPUTE) for row in (fox, hare)
    }


def test_a_refused_batch_says_how_many_images_are_left() -> None:
    account = make_account()
    agree(account, images_per_day=2)
    grant = make_grant(account)
    asked = {"prompts": ["fox"] * 3, "defaults": {"base_model": grant.agreement.version.pack.base_model.slug}}
    asked["defaults"] |= {"adapters": [{"version": grant.agreement.version_id}], "width": 64, "height": 64}  # type: ignore[operator]  # a JSON body
    answer = post(account, "batches", asked, **{"Irodori-Grant": str(grant.pk)})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (409, "quota_reached")
    assert error["detail"] == "Of your organisation's images of this day 2 are left. Order fewer, or later."
