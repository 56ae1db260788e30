"""From quote to grant: what is told holds, who agrees pays, and nobody gets what a creator does not license."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.accounts.models import Organisation
from marketplace.catalogue.models import BaseModel, StyleVersion
from marketplace.catalogue.services import withdraw
from marketplace.errors import NotEnoughCredit, Refusal
from marketplace.events import Event, announced
from marketplace.ledger.selectors import pending_balance, sum_of_all_entries, wallet_balance
from marketplace.partners.licensing import accept, quote_grant
from marketplace.partners.models import Agreement, Grant, PartnerPrice
from marketplace.payouts.parts import SplitLine
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT
from tests.factories.partners import agree, licensable_version, make_account, make_grant, wanted

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_quote_tells_the_price_and_who_gets_it_and_takes_nothing() -> None:
    account, version = make_account(), licensable_version(creator=make_user(display_name="Mara"))
    quote = quote_grant(account=account, wanted=wanted(version, payment="prepaid"))
    assert (quote.unit_price_micro, quote.total_micro) == (CREDIT, 10 * CREDIT)
    assert quote.split == (SplitLine("Mara", "creator", 7 * CREDIT), SplitLine("Irodori", "platform", 3 * CREDIT))
    assert (wallet_balance(account), Agreement.objects.count()) == (1_000 * CREDIT, 0)


def test_a_prepaid_grant_is_paid_at_once_and_split_by_the_versions_plan() -> None:
    account, creator = make_account(), make_user()
    grant = make_grant(account, licensable_version(creator=creator), payment="prepaid")
    assert (wallet_balance(account), pending_balance(creator)) == (990 * CREDIT, 7 * CREDIT)
    assert sum_of_all_entries() == 0
    assert (grant.agreement.images, grant.agreement.permissions, grant.state(timezone.now())) == (
        10,
        ["commercial_use"],
        "active",
    )


def test_a_grant_per_image_costs_nothing_yet() -> None:
    account = make_account(0)
    assert make_grant(account).agreement.total_micro == 0


def test_the_same_quote_again_gives_the_same_grant() -> None:
    account = make_account()
    quote = quote_grant(account=account, wanted=wanted(licensable_version(), payment="prepaid")).token
    assert accept(account=account, quote=quote) == accept(account=account, quote=quote)
    assert (wallet_balance(account), Grant.objects.count()) == (990 * CREDIT, 1)


def test_without_enough_credit_nothing_is_agreed() -> None:
    account = make_account(9)
    with pytest.raises(NotEnoughCredit):
        make_grant(account, payment="prepaid")
    assert (wallet_balance(account), Agreement.objects.count()) == (9 * CREDIT, 0)


def test_a_quoted_price_holds_though_it_was_raised() -> None:
    account, version = make_account(), licensable_version()
    quote = quote_grant(account=account, wanted=wanted(version, payment="prepaid")).token
    agree(account, price_bp=20_000)
    assert accept(account=account, quote=quote).agreement.total_micro == 10 * CREDIT


def test_a_quote_ends_after_a_quarter_of_an_hour(time_machine: TimeMachineFixture) -> None:
    account = make_account()
    quote = quote_grant(account=account, wanted=wanted(licensable_version())).token
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    with pytest.raises(Refusal) as refusal:
        accept(account=account, quote=quote)
    assert refusal.value.code == "quote_expired"


def test_anothers_quote_and_a_quote_of_something_else_are_refused() -> None:
    account = make_account()
    quote = quote_grant(account=account, wanted=wanted(licensable_version())).token
    for who, token in ((make_account(), quote), (account, quote[:-1]), (account, "x")):
        with pytest.raises(Refusal) as refusal:
            accept(account=who, quote=token)
        assert refusal.value.code == "quote_unknown"


@pytest.mark.parametrize(
    ("terms", "agreed", "unit"),
    [
        ({}, None, CREDIT),
        ({"price_bp": 15_000}, None, 15_000),
        ({"price_bp": 10_001}, None, 10_001),
        ({"price_bp": 15_000}, 12_000, 12_000),
        # The creator has raised the price since.
        ({}, 5_000, CREDIT),
    ],
)
def test_a_partners_price_is_what_was_agreed_and_never_less_than_the_creator_asks(
    terms: dict[str, int], agreed: int | None, unit: int
) -> None:
    account, version = make_account(), licensable_version()
    partner = agree(account, **terms)
    if agreed is not None:
        PartnerPrice.objects.create(partner=partner, version=version, price_micro=agreed)
    assert quote_grant(account=account, wanted=wanted(version)).unit_price_micro == unit


def withdrawn(_account: Any) -> StyleVersion:
    version = licensable_version()
    withdraw(version=version)
    return version


def in_days(days: int) -> date:
    return timezone.now().date() + timedelta(days=days)


def test_what_is_within_a_creators_limits_is_licensed() -> None:
    account = make_account()
    slug = Organisation.objects.get(account=account).slug
    version = licensable_version(partners=(slug, "another"), territory=("DE", "JP"), expires=in_days(30))
    grant = make_grant(account, version, territory=("JP",))
    grant.agreement.refresh_from_db()
    assert grant.agreement.policy["partners"] == [slug, "another"]


REFUSED: dict[str, tuple[Callable[[Any], StyleVersion], dict[str, Any], str]] = {
    "a permission that nobody knows": (
        lambda _: licensable_version(),
        {"permissions": ("everything",)},
        "unknown_permission",
    ),
    "what is no country": (lambda _: licensable_version(), {"territory": ("XX",)}, "bad_territory"),
    "what is not for business": (
        lambda _: licensable_version(commercial_use=False, may_be_resold=False),
        {},
        "permission_not_licensed",
    ),
    "what is for others": (lambda _: licensable_version(partners=("another",)), {}, "partner_not_licensed"),
    "everywhere where it is for some countries": (
        lambda _: licensable_version(territory=("DE", "JP")),
        {},
        "territory_not_licensed",
    ),
    "another country": (
        lambda _: licensable_version(territory=("DE", "JP")),
        {"territory": ("DE", "FR")},
        "territory_not_licensed",
    ),
    "a term beyond the last day": (lambda _: licensable_version(expires=in_days(29)), {}, "licence_expired"),
    "no permission": (lambda _: licensable_version(), {"permissions": ()}, "no_permission"),
    "what the creator keeps": (
        lambda _: licensable_version(may_be_resold=False),
        {"permissions": ("commercial_use", "resale_through_partners")},
        "permission_not_licensed",
    ),
    "training": (lambda _: licensable_version(), {"permissions": ("training_on_outputs",)}, "permission_not_licensed"),
    "an unknown payment": (lambda _: licensable_version(), {"payment": "later"}, "unknown_payment"),
    "no day": (lambda _: licensable_version(), {"days": 0}, "out_of_range"),
    "too many images": (lambda _: licensable_version(), {"images": 1_000_001}, "out_of_range"),
    "a withdrawn version": (withdrawn, {}, "version_not_licensable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_licensed_is_refused_with_a_reason(name: str) -> None:
    make, changes, code = REFUSED[name]
    account = make_account()
    with pytest.raises(Refusal) as refusal:
        quote_grant(account=account, wanted=wanted(make(account), **changes))
    assert refusal.value.code == code


def test_what_was_withdrawn_after_the_quote_is_not_granted() -> None:
    account, version = make_account(), licensable_version()
    quote = quote_grant(account=account, wanted=wanted(version)).token
    withdraw(version=version)
    with pytest.raises(Refusal) as refusal:
        accept(account=account, quote=quote)
    assert refusal.value.code == "version_not_licensable"


@pytest.mark.parametrize(
    ("changes", "code"), [({"enabled": False}, "base_not_offered"), ({"engine": "gone"}, "engine_unavailable")]
)
def test_nobody_pays_for_a_licence_whose_base_draws_nothing(changes: dict[str, Any], code: str) -> None:
    account, version = make_account(), licensable_version()
    asked = wanted(version, payment="prepaid")
    quote = quote_grant(account=account, wanted=asked).token
    BaseModel.objects.filter(pk=version.pack.base_model_id).update(**changes)
    for act in (lambda: quote_grant(account=account, wanted=asked), lambda: accept(account=account, quote=quote)):
        with pytest.raises(Refusal) as refusal:
            act()
        assert refusal.value.code == code
    assert (wallet_balance(account), Grant.objects.count()) == (1_000 * CREDIT, 0)


def test_a_partner_licenses_only_where_it_was_agreed() -> None:
    account, version = make_account(), licensable_version()
    agree(account, territories=["JP", "KR"])
    assert make_grant(account, version, territory=("JP",)).agreement.territory == ["JP"]
    for territory in ((), ("DE",), ("DE", "JP")):
        with pytest.raises(Refusal) as refusal:
            make_grant(account, version, territory=territory)
        assert refusal.value.code == "territory_not_agreed"


def test_people_and_suspended_partners_license_nothing() -> None:
    suspended = make_account()
    agree(suspended, suspended=True)
    for account, code in ((make_user(), "partners_only"), (suspended, "partner_suspended")):
        with pytest.raises(Refusal) as refusal:
            make_grant(account)
        assert refusal.value.code == code


def test_the_spend_cap_of_a_month_covers_prepaid_grants(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-20T12:00:00+00:00")
    account = make_account()
    agree(account, spend_cap_micro=25 * CREDIT)
    for _ in range(2):
        make_grant(account, payment="prepaid")
    with pytest.raises(Refusal) as refusal:
        make_grant(account, payment="prepaid")
    assert refusal.value.code == "spend_cap_reached"
    time_machine.move_to("2026-12-01T00:00:00+00:00")
    assert make_grant(account, payment="prepaid")


def test_a_grant_is_announced_to_its_partner() -> None:
    heard: list[Event] = []

    def hear(sender: Any, event: Event, **_rest: Any) -> None:
        heard.append(event)

    account = make_account()
    announced.connect(hear)
    try:
        grant = make_grant(account)
    finally:
        announced.disconnect(hear)
    data = {
        "grant": str(grant.pk),
        "version": grant.agreement.version_id,
        "ends_at": grant.agreement.ends_at.isoformat().replace("+00:00", "Z"),
    }
    assert heard == [Event("grant.created", account.pk, data)]
