"""Who may use a new version before it is everyone's, by every way of ordering."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.accounts.organisations import create_organisation
from marketplace.catalogue.models import StyleVersion
from marketplace.errors import NotAllowed
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from marketplace.orders.goods import ModelFile
from marketplace.orders.models import Subscription
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_version
from tests.factories.generation import echo_version, order
from tests.factories.ledger import give_credit, make_buyer
from tests.factories.stability import PROMPT, drawing_base, program_of
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def version_at(stage: str, **changes: Any) -> StyleVersion:
    now = timezone.now()
    dates: dict[str, dict[str, Any]] = {
        "partners": {"members_from": now + 2 * DAY, "public_from": now + 5 * DAY},
        "partners alone": {"members_from": now + 2 * DAY, "public_from": now + 2 * DAY},
        "members": {"members_from": now - DAY, "public_from": now + 5 * DAY},
        "everyone": {"members_from": now - 2 * DAY, "public_from": now - DAY},
    }
    return echo_version(**dates[stage], **changes)


def anybody(_version: StyleVersion) -> User:
    return make_buyer()


def subscriber(version: StyleVersion) -> User:
    buyer, creator = make_buyer(), version.style.creator
    Subscription.objects.create(buyer=buyer, creator=creator, until=timezone.now() + DAY, price_micro=1)
    return buyer


def creator(version: StyleVersion) -> User:
    return give_credit(version.style.creator, 10)


def partner(_version: StyleVersion) -> User:
    account = create_organisation(name="Studio", slug="studio", owner=make_user()).account
    assert account is not None
    return give_credit(account, 10)


Buyer = Callable[[StyleVersion], User]


@pytest.mark.parametrize(
    ("stage", "buyer", "code"),
    [
        ("partners", anybody, "partners_first"),
        ("partners", subscriber, "partners_first"),
        ("partners", partner, None),
        ("partners", creator, None),
        ("partners alone", subscriber, "partners_first"),
        ("members", anybody, "subscribers_first"),
        ("members", subscriber, None),
        ("members", partner, None),
        ("members", creator, None),
        ("everyone", anybody, None),
    ],
)
def test_who_may_use_it_when(stage: str, buyer: Buyer, code: str | None) -> None:
    version = version_at(stage)
    person = buyer(version)
    if code is None:
        assert order(person, version).price_micro > 0
        return
    with pytest.raises(NotAllowed) as refusal:
        order(person, version)
    assert (refusal.value.code, refusal.value.field) == (code, "adapters")
    assert (held_balance(person), Generation.objects.exists()) == (0, False)


@pytest.mark.parametrize("stage", ["partners", "members", "everyone"])
def test_whoever_orders_by_a_program_may_use_it_at_once(stage: str) -> None:
    assert order(make_buyer(), version_at(stage), by_program=True).price_micro > 0


def test_the_refusal_names_the_dates_and_whose_turn_it_is() -> None:
    members, public = ((timezone.now() + days * DAY).date().isoformat() for days in (2, 5))
    told = {}
    for stage in ("partners", "partners alone", "members"):
        with pytest.raises(NotAllowed) as refusal:
            order(make_buyer(), version_at(stage, creator=make_user(display_name="Mara")))
        told[stage] = refusal.value.message.partition("” is ")[2]
    assert told == {
        "partners": f"for partners and programs until {members}, then for Mara’s subscribers until {public}. "
        "Order it by API, or come back then.",
        "partners alone": f"for partners and programs until {members}. Order it by API, or come back then.",
        "members": f"for Mara’s subscribers until {public}. Subscribe, or come back then.",
    }


def test_each_api_gets_it_with_a_token_and_the_pages_do_not() -> None:
    now = timezone.now()
    version = make_version(pack=make_pack(base_model=drawing_base()), members_from=now + DAY, public_from=now + DAY)
    buyer = make_buyer()
    asked = {"base_model": "drawer", "prompt": PROMPT, "adapters": [{"version": version.pk}]}
    bodies = {
        "quotes": asked,
        "generations": asked,
        "batches/quote": {"items": [asked]},
        "batches": {"items": [asked]},
    }
    for path, body in bodies.items():
        refused = signed_in(buyer).post(f"/api/v1/{path}", body, content_type="application/json")
        assert {error["code"] for error in refused.json()["errors"]} == {"partners_first"}, path
    answers = [by_token(buyer).post(f"/api/v1/{path}", body, "application/json") for path, body in bodies.items()]
    assert [answer.status_code for answer in answers] == [200, 201, 200, 201]


def by_token(buyer: User) -> Client:
    program = program_of(buyer)
    program.defaults["HTTP_AUTHORIZATION"] = program.defaults["HTTP_AUTHORIZATION"].replace("sk-", "")
    return program


def test_other_apis_of_programs_get_it_too() -> None:
    now = timezone.now()
    version = make_version(pack=make_pack(base_model=drawing_base()), members_from=now + DAY, public_from=now + DAY)
    model, buyer = f"drawer.{version.style.slug}.v1", make_buyer()
    listed = {each["id"] for each in program_of(buyer).get("/v1/models").json()["data"]}
    engines = {each["id"] for each in program_of(buyer).get("/v1/engines/list").json()}
    assert model in listed & engines
    body = {"prompt": PROMPT, "model": model, "stream": True}
    answer = program_of(buyer).post("/v1/images/generations", body, "application/json")
    assert (answer.status_code, Generation.objects.get().adapters.get().version_id) == (200, version.pk)


def test_its_file_is_sold_to_whoever_may_use_it() -> None:
    version = version_at("members", download_price_micro=10_000)
    with pytest.raises(NotAllowed) as refusal:
        ModelFile(version).refuse(anybody(version))
    assert refusal.value.code == "subscribers_first"
    ModelFile(version).refuse(subscriber(version))
