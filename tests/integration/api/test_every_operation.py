"""Every operation that the OpenAPI document lists: its example runs, and others' things stay theirs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.organisations import give_account
from marketplace.generation.models import Generation
from tests.api_operations import Operation, address, body, call, content_of, operation_named, operations, owner_of, rows
from tests.factories.accounts import make_staff
from tests.factories.catalogue import echo_base, make_version, tiny_sdxl_base
from tests.factories.ledger import give_credit, make_buyer
from tests.factories.resources import OWN_FIELDS, SECRET, make_partner, organisation

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]


def other_creator() -> User:
    return give_credit(make_version().style.creator, 10_000)


def other_partner() -> User:
    return make_partner(organisation_name="Other Studio")


ACTORS: dict[str, Callable[[], User | None]] = {
    "anonymous": lambda: None,
    "other buyer": lambda: make_buyer(10_000),
    "other creator": other_creator,
    "other partner": other_partner,
    "staff": lambda: give_credit(make_staff(), 10_000),
}
# What staff may see of others, as its page says, too.
STAFF_MAY = {"GET /api/v1/ledger/proofs/{id}"}
# For staff alone; to everyone else there is nothing at the address.
STAFF_ONLY = {"GET /api/v1/costs"}
# Not for organisations' accounts: an organisation owns no other.
PEOPLE_ONLY = {"POST /api/v1/organisations"}
OF_ORGANISATIONS = [operation for operation in operations() if "organisation" in operation.query_parameters]
every_operation = pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)


@pytest.fixture(autouse=True)
def _world(monkeypatch: pytest.MonkeyPatch, receipt_key: object) -> None:
    """Bases to order from, a key that signs receipts, and previews kept in this process."""
    echo_base()
    tiny_sdxl_base(slug="irodori-small")
    monkeypatch.setattr("marketplace.generation.previews.CACHE", "default")
    caches["default"].clear()


def show_previews() -> None:
    for generation in Generation.objects.filter(state=Generation.State.RUNNING):
        caches["default"].set(f"{generation.pk}.{generation.attempt}", b"\xff\xd8\xff preview")


def leaks(answer: Any) -> bool:
    told = content_of(answer).decode(errors="replace") + json.dumps(dict(answer.items()))
    return SECRET in told


@every_operation
def test_its_example_runs(operation: Operation) -> None:
    owner = make_staff() if operation.name in STAFF_ONLY else owner_of(operation)
    where, made = address(operation, owner)
    show_previews()
    if operation.name == "GET /api/v1/account/subscription":
        call(operation_named("PUT /api/v1/account/subscription"), owner, where, {"price_micro": 1})
    answer = call(operation, owner, where, body(operation, owner, made))
    assert answer.status_code in operation.good_statuses, answer.content


@every_operation
@pytest.mark.parametrize("actor", ACTORS)
def test_anothers_things_answer_as_if_they_did_not_exist(operation: Operation, actor: str) -> None:
    owner, other = owner_of(operation), ACTORS[actor]()
    where, made = address(operation, owner)
    sent = body(operation, owner, made)
    show_previews()
    before = rows()
    answer = call(operation, other, where, sent)
    assert not leaks(answer) or operation.name in STAFF_MAY, content_of(answer)
    expected = allowed(operation, actor, sent)
    assert answer.status_code in expected, (expected, answer.content)
    if answer.status_code >= 400:
        assert rows() == before


@pytest.mark.parametrize("operation", OF_ORGANISATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("actor", ACTORS)
def test_anothers_organisation_answers_as_if_it_did_not_exist(operation: Operation, actor: str) -> None:
    owner, other = owner_of(operation), ACTORS[actor]()
    slug = organisation(owner)
    where, made = address(operation, give_account(Organisation.objects.get(slug=slug)))
    before = rows()
    answer = call(operation, other, f"{where}?organisation={slug}", body(operation, owner, made))
    assert answer.status_code == (401 if actor == "anonymous" else 404)
    assert not leaks(answer)
    assert rows() == before


def allowed(operation: Operation, actor: str, sent: dict[str, Any] | None) -> set[int]:
    if actor == "anonymous" and not operation.is_public:
        return {401}
    if operation.name in STAFF_ONLY | STAFF_MAY and actor == "staff":
        return {200}
    if operation.name in STAFF_ONLY:
        return {404}
    if operation.is_public:
        return operation.good_statuses
    if operation.path.startswith("/api/v1/partner/") and actor != "other partner":
        return {403}
    if operation.name in PEOPLE_ONLY and actor == "other partner":
        return {403}
    if operation.path_parameters:
        return {404}
    if sent and "link" in sent:
        return {403}  # an invitation is for the address it was sent to
    if sent and OWN_FIELDS & sent.keys():
        return {400, 404}
    # Nothing of the owner's is named: the caller's own things, or none yet.
    return operation.good_statuses | {404}
