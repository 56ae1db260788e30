"""Whatever creates or costs can be sent again: one effect and one answer, also where the hub fell over in between."""

import json
from typing import Any

import pytest

from marketplace.api.models import SavedAnswer
from tests.api_operations import FILE_BODIES, Operation, address, body, call, operations, owner_of, rows
from tests.factories.catalogue import echo_base, tiny_sdxl_base

pytestmark = [pytest.mark.django_db, pytest.mark.stack, pytest.mark.usefixtures("object_store_server")]
# Without a key, and why sending them again does no harm.
HARMLESS = {
    "POST /api/v1/batches/quote": "nothing is stored",
    "POST /api/v1/batches/{id}/cancel": "what is cancelled stays so",
    "POST /api/v1/generations/{id}/cancel": "what is cancelled stays so",
    "POST /api/v1/generations/{id}/picture": "stored under its hash",
    "POST /api/v1/partner/quotes": "nothing is stored",
    "POST /api/v1/pictures": "stored under its hash",
    "POST /api/v1/purchases/quotes": "nothing is stored",
    "POST /api/v1/quotes": "nothing is stored",
    "POST /api/v1/subscriptions/{creator}/stop": "what does not renew stays so",
    "POST /api/v1/uploads/{id}/complete": "what is complete stays so",
    "POST /api/v1/uploads/{id}/parts/{number}": "a fresh address for the same part",
    "POST /api/v1/versions/{id}/withdraw": "what is withdrawn stays so",
}
# Their answer is a secret, which is not kept: revoke or rotate what was lost. So a key is refused.
SECRET = {
    "POST /api/v1/keys",
    "POST /api/v1/keys/{id}/rotate",
    "POST /api/v1/oauth-clients",
    "POST /api/v1/oauth-clients/{id}/rotate",
    "POST /api/v1/webhooks",
    "POST /api/v1/webhooks/{id}/rotate-secret",
}
POSTS = [operation for operation in operations() if operation.method == "POST"]
WITH_KEY = [
    operation
    for operation in POSTS
    if any(each["name"] == "Idempotency-Key" for each in operation.described.get("parameters", ()))
]
with_key = pytest.mark.parametrize("operation", WITH_KEY, ids=lambda operation: operation.name)


@pytest.fixture(autouse=True)
def _bases() -> None:
    echo_base()
    tiny_sdxl_base(slug="irodori-small")


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_every_post_takes_a_key_or_says_why_it_needs_none() -> None:
    without = {operation.name for operation in POSTS} - {operation.name for operation in WITH_KEY}
    assert without == set(HARMLESS) | SECRET, (
        "A new POST that creates or costs is decorated with answered_once and lists IDEMPOTENCY_KEY among its "
        "parameters; one that answers a secret with tells_a_secret; any other is named here with its reason."
    )
    assert set(FILE_BODIES) <= set(HARMLESS)


@pytest.mark.parametrize("name", sorted(SECRET))
def test_where_the_answer_is_a_secret_a_key_is_refused_and_nothing_is_made(name: str) -> None:
    operation = next(each for each in POSTS if each.name == name)
    owner = owner_of(operation)
    where, made = address(operation, owner)
    sent, before = body(operation, owner, made), rows()
    refused = call(operation, owner, where, sent, idempotency_key="one")
    assert (error_of(refused), rows()) == ((400, "idempotency_key_not_taken"), before)


@with_key
def test_sent_again_it_has_one_effect_and_one_answer(operation: Operation) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    sent = body(operation, owner, made)
    first = call(operation, owner, where, sent, idempotency_key="one")
    after = rows()
    again = call(operation, owner, where, sent, idempotency_key="one")
    assert first.status_code in operation.good_statuses, first.content
    assert (again.status_code, again.content, rows()) == (first.status_code, first.content, after)
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")


@with_key
def test_the_same_key_with_another_body_has_no_effect(operation: Operation) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    sent = body(operation, owner, made)
    call(operation, owner, where, sent, idempotency_key="one")
    after = rows()
    refused = call(operation, owner, where, {**(sent or {}), "another": 1}, idempotency_key="one")
    assert (error_of(refused), rows()) == ((409, "idempotency_key_reused"), after)


@with_key
def test_where_the_hub_falls_over_before_the_answer_is_kept_nothing_happened(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = owner_of(operation)
    where, made = address(operation, owner)
    sent, before = body(operation, owner, made), rows()
    with monkeypatch.context() as patch:
        patch.setattr("marketplace.api.idempotency._save", lambda *_: 1 / 0)
        assert call(operation, owner, where, sent, idempotency_key="one").status_code == 500
    assert (rows(), SavedAnswer.objects.count()) == (before, 0)
    again = call(operation, owner, where, sent, idempotency_key="one")
    assert again.status_code in operation.good_statuses, json.loads(again.content)
