"""Who gets what of a sale, told as examples: each can be followed with a pencil. Prices are in micro-units (1e-6)."""

import json
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.terms import Contributor, ContributorKind
from marketplace.errors import Conflict
from marketplace.generation import settlement
from marketplace.generation.models import Generation
from marketplace.generation.services import cancel
from marketplace.ledger import services as ledger
from marketplace.ledger.models import Entry
from marketplace.ledger.selectors import pending_balance, sum_of_all_entries, wallet_balance
from marketplace.orders.models import TopUp
from marketplace.orders.services import receive_webhook
from marketplace.payouts.parts import payee_lines
from marketplace.payouts.plans import Makers, Payee, plan_of
from marketplace.payouts.services import set_base_licensor
from plugins.sandbox_payments.plugin import SandboxConfig
from plugins.sandbox_payments.signature import signed_headers
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, order
from tests.factories.ledger import make_buyer
from tests.factories.payouts import make_library, make_organisation

pytestmark = [pytest.mark.django_db, pytest.mark.services]
COMPUTE = 100  # what computing one picture of the echo base costs


def deliver(generation: Generation) -> str:
    """The key of the payment."""
    with transaction.atomic():
        settlement.capture(generation)
    return f"generation:{generation.pk}:settle"


def amounts() -> dict[tuple[str, str, str], int]:
    """What stands for whom: (holder, role, subject) and the amount, without the buyers' own accounts."""
    found: dict[tuple[str, str, str], int] = {}
    for entry in Entry.objects.exclude(account__kind__in=("wallet", "held", "provider_clearing")):
        line = (entry.account.holder, entry.role, entry.subject)
        found[line] = found.get(line, 0) + entry.amount_micro
    return {line: amount for line, amount in found.items() if amount}


def person(user: User) -> str:
    return f"person:{user.pk}"


def of(version: StyleVersion) -> str:
    return f"version:{version.pk}"


def test_one_sale() -> None:
    """A style at 2 credits with 70 % for its creator: 14,000 to her, 6,000 to the platform, the computation on top."""
    version = echo_version(price_micro=20_000)
    deliver(order(make_buyer(), version))
    assert amounts() == {
        (person(version.style.creator), "creator", of(version)): 14_000,
        ("platform", "platform", of(version)): 6_000,
        ("platform", "compute", "compute"): COMPUTE,
    }
    assert sum_of_all_entries() == 0


def test_one_refund() -> None:
    """Half the payment goes back, half from each: what an odd micro-unit leaves goes to the largest remainder."""
    version = echo_version(price_micro=20_000)
    payment = deliver(order(make_buyer(), version))
    ledger.refund(key="refund", payment_key=payment, amount_micro=10_050)
    assert amounts() == {
        (person(version.style.creator), "creator", of(version)): 7_000,
        ("platform", "platform", of(version)): 3_000,
        ("platform", "compute", "compute"): COMPUTE // 2,
    }


def test_three_levels_of_lineage_with_a_content_library() -> None:
    """Aya's first style was trained on a studio's archive (30 %). Kenji's derives from it, Mara's from Kenji's.

    Of 100,000 for Mara's style: the platform keeps 10,000. Kenji's style asks 20 %, so 20,000 go up the lineage by
    Kenji's plan, in which 3,000 of 8,000 basis points are Aya's style's; of those 3,000/8,000 go to the archive.
    """
    aya, kenji, mara = make_user(), make_user(), make_user()
    library = make_library()
    trained_on = (Contributor(ContributorKind.LIBRARY, library.slug, 3_000),)
    first = echo_version(creator=aya, creator_share_bp=8_000, derivatives_share_bp=3_000, contributors=trained_on)
    second = echo_version(creator=kenji, creator_share_bp=8_000, derivatives_share_bp=2_000, parents=[first])
    third = echo_version(creator=mara, creator_share_bp=9_000, price_micro=100_000, parents=[second])
    deliver(order(make_buyer(), third))
    archive = f"organisation:{library.organisation_id}"
    assert amounts() == {
        (person(mara), "creator", of(third)): 70_000,
        (person(kenji), "parent", of(second)): 12_500,
        (person(aya), "parent", of(first)): 4_690,
        (archive, "parent", of(first)): 2_810,
        ("platform", "platform", of(third)): 10_000,
        ("platform", "compute", "compute"): COMPUTE,
    }


def test_two_adapters_of_different_prices() -> None:
    """Each price is divided by its own plan; the weights a buyer sets move no money."""
    cheap = echo_version(price_micro=10_000, creator_share_bp=7_000, may_be_merged=True)
    dear = echo_version(price_micro=30_000, creator_share_bp=9_000, may_be_merged=True)
    deliver(order(make_buyer(), cheap, dear))
    assert amounts() == {
        (person(cheap.style.creator), "creator", of(cheap)): 7_000,
        (person(dear.style.creator), "creator", of(dear)): 27_000,
        ("platform", "platform", of(cheap)): 3_000,
        ("platform", "platform", of(dear)): 3_000,
        ("platform", "compute", "compute"): COMPUTE,
    }


def test_a_licensed_base_and_a_model_that_an_organisation_owns() -> None:
    """The base's licensor has 5 % of the computation and of each style's price; the studio earns as the creator."""
    licensor, studio = make_organisation(), make_organisation()
    base = echo_version().pack.base_model
    call_command("set_licensor", base.slug, licensor.slug, "500", stdout=StringIO())
    version = echo_version(price_micro=20_000, organisation=studio)
    deliver(order(make_buyer(), version))
    assert amounts() == {
        (f"organisation:{studio.pk}", "creator", of(version)): 13_000,
        (f"organisation:{licensor.pk}", "licensor", of(version)): 1_000,
        (f"organisation:{licensor.pk}", "licensor", "compute"): 5,
        ("platform", "platform", of(version)): 6_000,
        ("platform", "compute", "compute"): 95,
    }


def test_a_new_licensor_changes_only_what_is_published_and_ordered_later() -> None:
    version = echo_version()
    ordered = order(make_buyer(), version)
    set_base_licensor(base=version.pack.base_model, licensor=make_organisation(), share_bp=500)
    deliver(ordered)
    assert amounts() == {
        (person(version.style.creator), "creator", of(version)): 7_000,
        ("platform", "platform", of(version)): 3_000,
        ("platform", "compute", "compute"): COMPUTE,
    }


def pay_in(buyer: User, amount_micro: int) -> TopUp:
    return TopUp.objects.create(buyer=buyer, provider="sandbox", amount_micro=amount_micro)


def event(top_up: TopUp, kind: str, number: int = 1) -> None:
    body = json.dumps(
        {
            "kind": kind,
            "idempotency_key": f"top_up:{top_up.pk}",
            "amount_micro": top_up.amount_micro,
            "currency": top_up.currency,
        }
    ).encode()
    headers = signed_headers(SandboxConfig().webhook_secret, f"{top_up.pk}-{kind}-{number}", int(time.time()), body)
    receive_webhook(provider="sandbox", headers=headers, body=body)


def test_a_dispute_lost() -> None:
    """Of a top-up of 5 credits 2.01 were spent. The bank calls all 5 back: 2.99 are still in the wallet, and the picture
    gives back the rest, 14,000 of it from the creator."""
    version, buyer = echo_version(price_micro=20_000), make_user()
    top_up = pay_in(buyer, 50_000)
    event(top_up, "payment.succeeded")
    deliver(order(buyer, version))
    event(top_up, "payment.disputed")
    event(top_up, "dispute.lost")
    assert (amounts(), wallet_balance(buyer), sum_of_all_entries()) == ({}, 0, 0)


def test_a_dispute_won() -> None:
    """The bank gives it back: everyone has again what they had."""
    version, buyer = echo_version(price_micro=20_000), make_user()
    top_up = pay_in(buyer, 50_000)
    event(top_up, "payment.succeeded")
    deliver(order(buyer, version))
    before = amounts(), wallet_balance(buyer)
    event(top_up, "payment.disputed")
    event(top_up, "payment.disputed")
    event(top_up, "dispute.won")
    assert (amounts(), wallet_balance(buyer)) == before


def test_a_payment_that_is_disputed_again_after_the_bank_has_decided_is_taken_back_again() -> None:
    version, buyer = echo_version(price_micro=20_000), make_user()
    top_up = pay_in(buyer, 50_000)
    event(top_up, "payment.succeeded")
    deliver(order(buyer, version))
    before = amounts(), wallet_balance(buyer)
    for number in (1, 2):
        event(top_up, "payment.disputed", number)
        assert (amounts(), wallet_balance(buyer)) == ({}, 0)
        event(top_up, "dispute.won", number)
        assert (amounts(), wallet_balance(buyer)) == before
    event(top_up, "payment.disputed", 3)
    event(top_up, "dispute.lost", 3)
    assert (amounts(), wallet_balance(buyer), sum_of_all_entries()) == ({}, 0, 0)


def test_a_dispute_of_what_is_held_leaves_the_wallet_owing() -> None:
    """What is set aside for a picture to come can't be taken; when it comes back, it repays."""
    version, buyer = echo_version(price_micro=20_000), make_user()
    top_up = pay_in(buyer, 50_000)
    event(top_up, "payment.succeeded")
    generation = order(buyer, version)
    event(top_up, "payment.disputed")
    assert wallet_balance(buyer) == -20_100
    cancel(generation=generation)
    assert wallet_balance(buyer) == 0


def test_events_that_come_in_the_wrong_order_are_asked_for_again() -> None:
    top_up = pay_in(make_user(), 50_000)
    for kind in ("dispute.won", "payment.disputed"):
        with pytest.raises(Conflict) as refusal:
            event(top_up, kind)
        assert refusal.value.code == "webhook_too_early"
    for kind in ("payment.succeeded", "payment.disputed", "dispute.won"):
        event(top_up, kind)
    top_up.refresh_from_db()
    assert (top_up.state, wallet_balance(top_up.buyer)) == ("paid", 50_000)


def test_payees_in_two_currencies() -> None:
    """Nothing is ever converted: what a buyer pays in yen its payees have in yen, beside what they have in dollars."""
    creator, buyer = make_user(), make_user()
    plan = plan_of(Makers(version_id=1, creator=Payee(creator.pk), creator_share_bp=7_000))
    for currency, price in (("USD", 1_000_001), ("JPY", 150_000_003)):
        ledger.top_up(key=f"paid {currency}", buyer_id=buyer.pk, amount_micro=price, currency=currency)
        payees = payee_lines(price, plan, sold="version:1", currency=currency)
        ledger.pay(key=f"sale {currency}", buyer_id=buyer.pk, payees=payees, currency=currency)
    assert [pending_balance(creator, currency) for currency in ("USD", "JPY")] == [700_001, 105_000_002]
    assert [wallet_balance(buyer, currency) for currency in ("USD", "JPY")] == [0, 0]


def test_a_delivered_picture_is_refunded_by_its_id() -> None:
    version, buyer = echo_version(price_micro=20_000), make_buyer(3)
    generation = order(buyer, version)
    deliver(generation)
    Generation.objects.filter(pk=generation.pk).update(state=Generation.State.SUCCEEDED)
    for _ in range(2):
        call_command("refund", str(generation.pk), stdout=StringIO())
    assert (amounts(), wallet_balance(buyer)) == ({}, 30_000)


@pytest.mark.parametrize(("base", "share"), [("no-such-base", "500"), ("echo", "3001")])
def test_a_licensor_that_can_not_be_is_refused(base: str, share: str) -> None:
    echo_version()
    with pytest.raises(CommandError):
        call_command("set_licensor", base, make_organisation().slug, share)
