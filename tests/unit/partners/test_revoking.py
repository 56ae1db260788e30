"""Revocations and takedowns: nothing more is made, what was made stays, and what was prepaid for nothing comes back."""

import pytest

from hub.receipts import Kind, read
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.services import withdraw
from marketplace.events import Event, announced
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance, pending_balance, sum_of_all_entries, wallet_balance
from marketplace.partners.issuing import image_receipt
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.models import Grant, Offer
from marketplace.partners.revoking import publish_takedown, revoke
from marketplace.partners.selectors import own_licensed_image
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT
from tests.factories.partners import deliver, licensable_version, make_account, make_grant, order_under

pytestmark = [pytest.mark.django_db, pytest.mark.services]
REASON = "Trained on pictures without consent."
COMPUTE = 100


def test_what_was_prepaid_for_images_never_made_is_returned() -> None:
    account, creator = make_account(), make_user()
    grant = make_grant(account, licensable_version(creator=creator), payment="prepaid")
    deliver(order_under(account, grant))
    waiting = order_under(account, grant)
    revoke(grant_id=grant.pk, reason=REASON)
    grant.refresh_from_db()
    waiting.refresh_from_db()
    assert (waiting.state, grant.refunded_micro, grant.revoked_reason) == ("cancelled", 9 * CREDIT, REASON)
    assert (wallet_balance(account), held_balance(account)) == (999 * CREDIT - COMPUTE, 0)
    assert (pending_balance(creator), sum_of_all_entries()) == (7_000, 0)


def test_a_second_revocation_changes_nothing() -> None:
    account = make_account()
    grant = make_grant(account, payment="prepaid")
    first = revoke(grant_id=grant.pk, reason=REASON)
    second = revoke(grant_id=grant.pk, reason="Again.")
    assert (second.revoked_at, second.revoked_reason) == (first.revoked_at, REASON)
    assert wallet_balance(account) == 1_000 * CREDIT


def test_a_withdrawn_version_ends_its_grants() -> None:
    grant = make_grant(make_account())
    withdraw(version=grant.agreement.version)
    grant.refresh_from_db()
    assert grant.revoked_reason == "Its creator withdrew this version."


def test_a_takedown_withdraws_revokes_and_tells_everyone_concerned() -> None:
    heard: list[Event] = []

    def hear(sender: object, event: Event, **_rest: object) -> None:
        heard.append(event)

    creator, accounts = make_user(), [make_account(), make_account()]
    version = licensable_version(creator=creator)
    grants = [make_grant(account, version) for account in accounts]
    stranger = make_grant(make_account())
    announced.connect(hear)
    try:
        takedown = publish_takedown(version=version, reason=REASON, claimant="A photographer")
    finally:
        announced.disconnect(hear)
    version.refresh_from_db()
    assert (version.state, Offer.objects.filter(version=version).exists()) == (StyleVersion.State.WITHDRAWN, False)
    assert list(Grant.objects.order_by("created_at").values_list("pk", "revoked_reason")) == [
        (grants[0].pk, REASON),
        (grants[1].pk, REASON),
        (stranger.pk, ""),
    ]
    told = {(event.kind, event.account_id) for event in heard}
    assert told == {
        ("style.withdrawn", creator.pk),
        *(("grant.revoked", account.pk) for account in accounts),
        *(("takedown.published", person.pk) for person in (creator, *accounts)),
    }
    assert heard[-1].data == {"takedown": str(takedown.pk), "version": version.pk, "reason": REASON}


def test_an_image_that_was_paid_has_its_receipt_after_a_takedown_too(receipt_key: object) -> None:
    account = make_account()
    grant = make_grant(account)
    generation: Generation = deliver(order_under(account, grant))
    publish_takedown(version=grant.agreement.version, reason=REASON)
    receipt = image_receipt(own_licensed_image(account, generation.pk))
    claims = read(receipt.text, receipt_keyring().public, Kind.RECEIPT)
    assert claims["image"]["sha256"] == generation.image_sha256
