"""Buying files, subscriptions and finished pictures: quoted first, paid once, split by the plan."""

from datetime import date, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.core.management import CommandError, call_command
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.accounts.models import User
from marketplace.accounts.organisations import give_account
from marketplace.catalogue.models import Style, StyleVersion
from marketplace.errors import Conflict, InvalidInput, NotAllowed, NotEnoughCredit, NotFound, Refusal
from marketplace.generation.models import Generation
from marketplace.generation.services import quote as quote_image
from marketplace.generation.services import request_generation
from marketplace.ledger.models import Transaction
from marketplace.ledger.periods import Period
from marketplace.ledger.selectors import pending_balance, sum_of_all_entries, wallet_balance
from marketplace.orders.goods import title_of
from marketplace.orders.listings import list_picture, withdraw_listing
from marketplace.orders.models import Listing, Purchase, Subscription, SubscriptionOffer
from marketplace.orders.purchases import buy, quote_purchase, refund_purchase, renew_subscriptions, stop_renewing
from marketplace.payouts.parts import SplitLine
from marketplace.payouts.plans import Payee
from marketplace.statements.holders import Holder
from marketplace.statements.lines import statement_lines
from marketplace.statements.receipts import receipt_of
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version, make_request, order
from tests.factories.ledger import CREDIT, give_credit, make_buyer
from tests.factories.payouts import make_organisation

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)


def file_version(**changes: Any) -> StyleVersion:
    return echo_version(download_price_micro=50 * CREDIT, **changes)


def bought(buyer: User, kind: str, item: object) -> Purchase:
    return buy(buyer=buyer, quote=quote_purchase(buyer=buyer, kind=kind, item=str(item)).token)


def offer_of(creator: User, price_micro: int = 30 * CREDIT) -> SubscriptionOffer:
    return SubscriptionOffer.objects.create(creator=creator, price_micro=price_micro)


def delivered(seller: User, *versions: StyleVersion) -> Generation:
    generation = order(seller, *versions)
    Generation.objects.filter(pk=generation.pk).update(state=Generation.State.SUCCEEDED)
    generation.refresh_from_db()
    return generation


def listed(seller: User, *versions: StyleVersion, **changes: Any) -> Listing:
    fields: dict[str, Any] = {"title": "Harbour", "licence": "irodori-standard", "price_micro": 100 * CREDIT}
    return list_picture(seller=seller, generation=delivered(seller, *versions), **fields | changes)


def test_a_file_is_sold_to_those_whom_its_creator_licenses_it_to() -> None:
    personal, expired = file_version(licence="irodori-personal"), file_version(expires=date(2020, 1, 1))
    account = give_credit(give_account(make_organisation()), 100)
    with pytest.raises(NotAllowed) as business:
        quote_purchase(buyer=account, kind="file", item=str(personal.pk))
    with pytest.raises(NotAllowed) as late:
        quote_purchase(buyer=make_buyer(), kind="file", item=str(expired.pk))
    assert (business.value.code, late.value.code) == ("commercial_use_not_licensed", "licence_expired")
    assert bought(make_buyer(), "file", personal.pk).version == personal


def test_a_quote_tells_the_price_and_who_gets_it_and_takes_nothing() -> None:
    buyer, version = make_buyer(), file_version(creator=make_user(display_name="Mara"))
    quote = quote_purchase(buyer=buyer, kind="file", item=str(version.pk))
    assert (quote.total_micro, quote.split) == (
        50 * CREDIT,
        (SplitLine("Mara", "creator", 35 * CREDIT), SplitLine("Irodori", "platform", 15 * CREDIT)),
    )
    assert (wallet_balance(buyer), Purchase.objects.count()) == (100 * CREDIT, 0)


def test_a_file_is_paid_once_and_split_by_its_plan() -> None:
    buyer, version = make_buyer(), file_version()
    quote = quote_purchase(buyer=buyer, kind="file", item=str(version.pk))
    first = buy(buyer=buyer, quote=quote.token)
    assert buy(buyer=buyer, quote=quote.token) == first
    assert (wallet_balance(buyer), pending_balance(version.style.creator)) == (50 * CREDIT, 35 * CREDIT)
    with pytest.raises(Conflict, match="bought this already"):
        quote_purchase(buyer=buyer, kind="file", item=str(version.pk))


def test_what_was_quoted_is_charged_whatever_the_price_is_now() -> None:
    buyer, creator = make_buyer(), make_user()
    offer = offer_of(creator)
    quote = quote_purchase(buyer=buyer, kind="subscription", item=str(creator.pk))
    SubscriptionOffer.objects.filter(pk=offer.pk).update(price_micro=90 * CREDIT)
    assert buy(buyer=buyer, quote=quote.token).price_micro == 30 * CREDIT


def test_an_expired_quote_is_refused_and_nothing_is_written(time_machine: TimeMachineFixture) -> None:
    buyer, version = make_buyer(), file_version()
    quote = quote_purchase(buyer=buyer, kind="file", item=str(version.pk))
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    with pytest.raises(Conflict, match="no longer valid") as refusal:
        buy(buyer=buyer, quote=quote.token)
    assert (refusal.value.code, wallet_balance(buyer), Purchase.objects.count()) == (
        "quote_expired",
        100 * CREDIT,
        0,
    )


def forged(token: str) -> str:
    return signing.dumps({"b": 1, "i": "x", "p": {}}, salt="another") + token[:0]


@pytest.mark.parametrize("change", [lambda token: token[:-1], lambda _: "", lambda _: "a:b:c", forged])
def test_a_quote_that_is_not_ours_is_refused(change: Any) -> None:
    buyer, version = make_buyer(), file_version()
    token = quote_purchase(buyer=buyer, kind="file", item=str(version.pk)).token
    for wrong_buyer, wrong_token in ((buyer, change(token)), (make_buyer(), token)):
        with pytest.raises(InvalidInput) as refusal:
            buy(buyer=wrong_buyer, quote=wrong_token)
        assert refusal.value.code == "quote_unknown"


def test_too_little_credit_buys_nothing() -> None:
    buyer, version = make_buyer(49), file_version()
    with pytest.raises(NotEnoughCredit):
        bought(buyer, "file", version.pk)
    assert (wallet_balance(buyer), Purchase.objects.count()) == (49 * CREDIT, 0)


@pytest.mark.parametrize(
    ("kind", "item"),
    [("file", "0"), ("file", "x"), ("file", "9" * 30), ("subscription", "1"), ("picture", "x"), ("moon", "1")],
)
def test_what_is_not_for_sale_is_not_found(kind: str, item: str) -> None:
    echo_version()  # its file is not for sale
    with pytest.raises(NotFound) as refusal:
        quote_purchase(buyer=make_buyer(), kind=kind, item=item)
    assert refusal.value.code == "not_for_sale"


def test_a_receipt_says_what_was_bought() -> None:
    version, buyer, seller = file_version(), make_buyer(200), make_buyer()
    offer = offer_of(make_user(display_name="Ami"))
    listing = listed(seller, echo_version(may_be_resold=True))
    for kind, item in (("file", version.pk), ("subscription", offer.creator_id), ("picture", listing.pk)):
        bought(buyer, kind, item)
    payments = Transaction.objects.filter(key__startswith="purchase:").order_by("created_at")
    lines = [receipt_of(buyer, payment.pk).lines for payment in payments]
    assert [(line.what, line.detail) for (line,) in lines] == [
        (f"The file of “{version.style.title}”, version 1", "Model file"),
        ("30 days of Ami’s new styles before everyone else", "Subscription"),
        (listing.title, "Picture"),
    ]


def test_a_refunded_file_can_be_bought_again() -> None:
    buyer, version = make_buyer(), file_version()
    refund_purchase(purchase=bought(buyer, "file", version.pk))
    assert (wallet_balance(buyer), pending_balance(version.style.creator)) == (100 * CREDIT, 0)
    bought(buyer, "file", version.pk)
    assert wallet_balance(buyer) == 50 * CREDIT


def test_a_subscription_is_refunded_once_however_often_it_is_asked_for() -> None:
    buyer, creator = make_buyer(), make_user()
    offer_of(creator)
    first, _second = (bought(buyer, "subscription", creator.pk) for _ in range(2))
    for _ in range(2):
        call_command("refund", str(first.pk), stdout=StringIO())
    left = Subscription.objects.get().until - timezone.now()
    assert (left > 29 * DAY, left < 31 * DAY, wallet_balance(buyer)) == (True, True, 70 * CREDIT)


def test_what_was_never_paid_is_not_refunded() -> None:
    with pytest.raises(CommandError, match="no delivered image and no purchase"):
        call_command("refund", str(uuid4()))


def test_subscribers_use_a_new_version_before_everyone_else() -> None:
    creator = make_user()
    offer_of(creator)
    version = echo_version(creator=creator, public_from=timezone.now() + 7 * DAY)
    buyer = make_buyer()
    with pytest.raises(NotAllowed) as refusal:
        order(buyer, version)
    assert (refusal.value.code, wallet_balance(buyer)) == ("subscribers_first", 100 * CREDIT)
    bought(buyer, "subscription", creator.pk)
    assert order(buyer, version).price_micro > 0


def test_a_subscription_renews_while_there_is_credit_and_nobody_stops_it(time_machine: TimeMachineFixture) -> None:
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    buyer, creator = make_buyer(70), make_user()
    offer_of(creator)
    bought(buyer, "subscription", creator.pk)
    paid = []
    for day in (29.5, 29.6, 59.5, 89.5):
        time_machine.move_to(start + day * DAY, tick=False)
        paid.append(renew_subscriptions(now=timezone.now()))
    assert paid == [1, 0, 0, 0]
    subscription = Subscription.objects.get()
    assert (subscription.until, wallet_balance(buyer)) == (start + 60 * DAY, 10 * CREDIT)


def test_a_stopped_subscription_keeps_what_is_paid_and_charges_no_more() -> None:
    buyer, creator = make_buyer(), make_user()
    offer_of(creator)
    bought(buyer, "subscription", creator.pk)
    stop_renewing(buyer=buyer, creator_id=creator.pk)
    assert renew_subscriptions(now=timezone.now() + 29.5 * DAY) == 0
    assert Subscription.objects.get().until > timezone.now() + 29 * DAY


def test_a_finished_picture_pays_its_seller_and_the_makers_of_its_styles() -> None:
    """Of 100 credits: 10 to the platform, 20 to the two styles' creators, 70 to the seller."""
    first, second = (echo_version(may_be_resold=True, may_be_merged=True) for _ in range(2))
    seller, buyer = make_buyer(), make_buyer()
    bought(buyer, "picture", listed(seller, first, second).pk)
    assert [pending_balance(person) for person in (seller, first.style.creator, second.style.creator)] == [
        70 * CREDIT,
        10 * CREDIT,
        10 * CREDIT,
    ]
    assert (wallet_balance(buyer), sum_of_all_entries()) == (0, 0)


def test_a_picture_is_sold_to_many_but_to_nobody_twice_or_after_it_is_withdrawn() -> None:
    listing = listed(make_buyer())
    for _ in range(2):
        bought(make_buyer(), "picture", listing.pk)
    withdraw_listing(listing=listing)
    with pytest.raises(NotFound):
        bought(make_buyer(), "picture", listing.pk)
    assert listing.purchases.count() == 2


def test_nobody_buys_their_own() -> None:
    seller = make_buyer()
    with pytest.raises(Conflict) as refusal:
        bought(seller, "picture", listed(seller).pk)
    assert refusal.value.code == "ones_own"


@pytest.mark.parametrize(
    ("version", "changes", "code"),
    [
        ({"may_be_resold": False}, {}, "resale_not_licensed"),
        ({"may_be_resold": True, "licence": "CC-BY-SA-4.0"}, {}, "picture_is_share_alike"),
        ({"may_be_resold": True}, {"licence": "GPL"}, "unknown_licence"),
        ({"may_be_resold": True}, {"price_micro": 0}, "price_out_of_range"),
        ({"may_be_resold": True}, {"price_micro": -5}, "price_out_of_range"),
        ({"may_be_resold": True}, {"price_micro": 10**13}, "price_out_of_range"),
        ({"may_be_resold": True}, {"title": " "}, "required"),
    ],
)
def test_a_picture_that_may_not_be_sold_is_not_listed(
    version: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        listed(make_buyer(), echo_version(**version), **changes)
    assert (refusal.value.code, Listing.objects.count()) == (code, 0)


def test_an_image_costs_what_was_quoted() -> None:
    buyer, version = make_buyer(), echo_version()
    quote, token = quote_image(buyer=buyer, request=make_request(version))
    StyleVersion.objects.filter(pk=version.pk).update(price_micro=90_000)
    generation = request_generation(buyer=buyer, request=make_request(version), quote=token.text)
    assert generation.price_micro == quote.total_micro
    with pytest.raises(Conflict) as refusal:
        request_generation(buyer=buyer, request=make_request(version, steps=9), quote=token.text)
    assert refusal.value.code == "quote_of_something_else"


def test_a_purchase_is_called_what_it_was_called_when_it_was_sold() -> None:
    """On the receipt and on the seller's statement, whatever its maker calls it later."""
    creator = give_credit(make_user(display_name="Mara"), 100)
    version = file_version(creator=creator)
    Style.objects.update(title="Ink")
    offer_of(creator)
    items = [("file", version.pk), ("subscription", creator.pk), ("picture", listed(creator, version).pk)]
    buyer = make_buyer(1000)
    made = [bought(buyer, kind, item) for kind, item in items]
    refund_purchase(purchase=made[0])
    Style.objects.update(title="Other")
    User.objects.filter(pk=creator.pk).update(display_name="Other")
    Listing.objects.update(title="Other")
    period = Period(timezone.now() - DAY, timezone.now() + DAY)
    told = statement_lines(Holder(Payee(creator.pk), "Mara"), period, opening_micro=0)
    assert [(line.kind, line.title) for line in told if line.role in ("creator", "seller")] == [
        ("sale", "Ink"),
        ("sale", "Mara"),
        ("sale", "Harbour"),  # as its seller
        ("sale", "Harbour"),  # and as the maker of its style
        ("refund", "Ink"),
    ]
    assert [title_of(Purchase.objects.get(pk=each.pk)) for each in made] == [
        "The file of “Ink”, version 1",
        "30 days of Mara’s new styles before everyone else",
        "Harbour",
    ]
