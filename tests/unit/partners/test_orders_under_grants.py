"""Images under grants: what is covered is made at the agreed price, and no limit is passed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.errors import Refusal
from marketplace.events import Event, announced
from marketplace.generation.models import Generation
from marketplace.generation.services import cancel, quote, request_generation
from marketplace.ledger.selectors import held_balance, wallet_balance
from marketplace.partners.batches import permits_of
from marketplace.partners.limits import images_under, used
from marketplace.partners.models import Grant, LicensedImage, PartnerPrice
from marketplace.partners.permits import GRANT, TERRITORY, permit_of
from marketplace.partners.revoking import revoke
from marketplace.stability import ordering as stability
from tests.factories.accounts import make_user
from tests.factories.generation import make_request
from tests.factories.ledger import CREDIT
from tests.factories.partners import agree, deliver, licensable_version, make_account, make_grant, order_under, permit

pytestmark = [pytest.mark.django_db, pytest.mark.services]
# What the echo engine asks for computing 64 x 64 pixels in 4 steps.
COMPUTE = 100


def refusal_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def test_each_image_of_a_grant_per_image_is_paid_at_the_agreed_price() -> None:
    account, version = make_account(), licensable_version()
    PartnerPrice.objects.create(partner=agree(account), version=version, price_micro=3 * CREDIT)
    generation = order_under(account, make_grant(account, version))
    assert (generation.price_micro, held_balance(account)) == (3 * CREDIT + COMPUTE, 3 * CREDIT + COMPUTE)


def test_of_a_prepaid_image_only_computing_is_paid() -> None:
    account = make_account()
    generation = order_under(account, make_grant(account, payment="prepaid"))
    image = LicensedImage.objects.get(generation=generation)
    assert (generation.price_micro, image.prepaid_micro) == (COMPUTE, CREDIT)


def test_the_price_of_a_grant_is_for_orders_under_it_alone() -> None:
    """Else a quote of prepaid images would buy further ones."""
    account, version = make_account(), licensable_version()
    grant, request = make_grant(account, version, payment="prepaid"), make_request(version)
    quoted, token = quote(buyer=account, request=request, permit=permit(account, grant))
    assert quoted.total_micro == COMPUTE
    code = refusal_of(lambda: request_generation(buyer=account, request=request, quote=token.text))
    assert code == "quote_of_something_else"
    ordered = request_generation(buyer=account, request=request, quote=token.text, permit=permit(account, grant))
    assert ordered.price_micro == COMPUTE


def test_styles_of_a_mix_need_a_grant_each_that_permits_mixing() -> None:
    account = make_account()
    alone, one, other = (
        make_grant(account, permissions=permissions)
        for permissions in (("commercial_use",), ("commercial_use", "merging"), ("merging",))
    )
    mixed = order_under(account, one, other)
    assert list(mixed.licensed_image.grants.order_by("created_at")) == [one, other]
    assert refusal_of(lambda: order_under(account, one, alone)) == "permission_not_granted"
    request = make_request(one.agreement.version, other.agreement.version)
    code = refusal_of(lambda: request_generation(buyer=account, request=request, permit=permit(account, one)))
    assert code == "grant_does_not_cover"


def test_a_grant_lets_a_partner_in_before_everyone_else() -> None:
    account = make_account()
    version = licensable_version(public_from=timezone.now() + timedelta(days=3))
    assert order_under(account, make_grant(account, version))
    assert refusal_of(lambda: quote(buyer=make_user(), request=make_request(version))) == "subscribers_first"


def test_programs_of_another_api_order_all_their_pictures_under_a_grant_or_none() -> None:
    account = make_account()
    grant = make_grant(account, images=3)
    pair = [make_request(grant.agreement.version)] * 2
    assert len(stability.order(buyer=account, requests=pair, permit=permit(account, grant))) == 2
    assert (
        refusal_of(lambda: stability.order(buyer=account, requests=pair, permit=permit(account, grant)))
        == "grant_used_up"
    )
    assert images_under(grant) == 2


def test_resale_needs_a_grant_that_permits_it() -> None:
    account, version = make_account(), licensable_version()
    assert (
        refusal_of(lambda: order_under(account, make_grant(account, version), resale=True)) == "permission_not_granted"
    )
    grant = make_grant(account, version, permissions=("resale_through_partners",))
    assert order_under(account, grant, resale=True).resale


def test_an_image_is_for_the_territory_it_was_ordered_for() -> None:
    account = make_account()
    grant = make_grant(account, territory=("DE", "JP"))
    assert order_under(account, grant).licensed_image.territory == ["DE", "JP"]
    assert order_under(account, grant, territory="JP").licensed_image.territory == ["JP"]
    assert refusal_of(lambda: order_under(account, grant, territory="JP, FR")) == "territory_not_granted"
    assert refusal_of(lambda: order_under(account, grant, territory="Japan")) == "bad_territory"
    agree(account, territories=["DE"])
    assert order_under(account, grant).licensed_image.territory == ["DE"]
    agree(account, territories=["FR"])
    assert refusal_of(lambda: order_under(account, grant)) == "territory_not_granted"


@pytest.mark.parametrize("permitted", [permit_of, permits_of])
@pytest.mark.parametrize("named", ["", " "])
def test_a_territory_without_a_grant_is_refused_and_not_passed_over(named: str, permitted: Callable[..., Any]) -> None:
    headers = {GRANT: named, TERRITORY: "JP"}
    assert refusal_of(lambda: permitted(make_account(), headers)) == "territory_without_grant"
    assert permitted(make_account(), {TERRITORY: " "}) is None


def test_a_grant_that_is_over_or_anothers_orders_nothing(time_machine: TimeMachineFixture) -> None:
    account = make_account()
    grant, revoked = make_grant(account), make_grant(account)
    revoke(grant_id=revoked.pk, reason="A mistake.")
    assert refusal_of(lambda: order_under(make_account(), grant)) == "grant_not_found"
    assert refusal_of(lambda: order_under(account, revoked)) == "grant_revoked"
    time_machine.move_to(timezone.now() + timedelta(days=30, minutes=1))
    assert refusal_of(lambda: order_under(account, grant)) == "grant_expired"


@pytest.mark.parametrize("named", ["x", "1,2", ",".join(f"6f1c1f5e-0000-4000-8000-00000000000{n}" for n in range(5))])
def test_what_names_no_grant_is_refused(named: str) -> None:
    assert refusal_of(lambda: permit_of(make_account(), {"Irodori-Grant": named})) == "bad_grant"


def test_no_header_is_no_permit() -> None:
    assert permit_of(make_account(), {}) is None


def test_a_grant_is_used_up_after_its_last_image() -> None:
    account = make_account()
    grant = make_grant(account, images=2)
    for _ in range(2):
        order_under(account, grant)
    assert refusal_of(lambda: order_under(account, grant)) == "grant_used_up"
    assert Generation.objects.count() == 2


def test_what_fails_or_is_cancelled_uses_nothing_up() -> None:
    account = make_account()
    agree(account, images_per_day=1)
    grant = make_grant(account, images=1)
    cancel(generation=order_under(account, grant))
    assert (images_under(grant), wallet_balance(account)) == (0, 1_000 * CREDIT)
    assert order_under(account, grant)


@pytest.mark.parametrize(
    ("quota", "later"), [("images_per_day", timedelta(days=1)), ("images_per_month", timedelta(days=12))]
)
def test_a_quota_ends_with_its_day_or_month(quota: str, later: timedelta, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-20T12:00:00+00:00")
    account = make_account()
    agree(account, **{quota: 2})
    grant = make_grant(account)
    for _ in range(2):
        order_under(account, grant)
    assert refusal_of(lambda: order_under(account, grant)) == "quota_reached"
    time_machine.move_to(timezone.now() + later)
    assert order_under(account, grant)


def test_the_spend_cap_covers_images_too() -> None:
    account = make_account()
    partner = agree(account, spend_cap_micro=12 * CREDIT)
    grant = make_grant(account)
    make_grant(account, payment="prepaid")
    order_under(account, grant)
    assert used(partner, timezone.now()).spent_micro == 11 * CREDIT + COMPUTE
    assert refusal_of(lambda: order_under(account, grant)) == "spend_cap_reached"


def test_the_last_image_of_a_quota_and_of_a_grant_is_announced() -> None:
    heard: list[Event] = []

    def hear(sender: Any, event: Event, **_rest: Any) -> None:
        heard.append(event)

    account = make_account()
    agree(account, images_per_day=2)
    grant: Grant = make_grant(account, images=2)
    announced.connect(hear)
    try:
        for _ in range(2):
            deliver(order_under(account, grant))
    finally:
        announced.disconnect(hear)
    assert heard == [
        Event("quota.reached", account.pk, {"span": "day", "images": 2}),
        Event("grant.used_up", account.pk, {"grant": str(grant.pk)}),
    ]
