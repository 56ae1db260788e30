"""What happens in the hub reaches the endpoints of whom it concerns, once, in the form that its kind promises."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker

from hub import keys
from hub.jobs import Converted
from hub.object_store import ObjectStore
from marketplace.accounts.models import User
from marketplace.catalogue.services import publish, withdraw
from marketplace.errors import Conflict
from marketplace.generation import services as generations
from marketplace.orders.events import Outcome
from marketplace.orders.models import SubscriptionOffer, TopUp
from marketplace.orders.purchases import buy, quote_purchase, renew_subscriptions
from marketplace.orders.services import EFFECTS
from marketplace.uploads.conversion import accept_conversion, refuse
from marketplace.uploads.models import Upload
from marketplace.webhooks.kinds import kind_of
from marketplace.webhooks.models import Message
from marketplace.webhooks.openapi import payload_schema
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_terms
from tests.factories.generation import buyer_of, echo_version, failed, order, stored
from tests.factories.ledger import CREDIT, make_buyer
from tests.factories.uploads import make_upload, ready_upload
from tests.factories.webhooks import make_endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


def listening(account: User) -> User:
    make_endpoint(account=account)
    return account


def told(account: User) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of everything that the account's endpoint is sent; each in the form of its kind."""
    found = []
    for message in Message.objects.filter(account=account).order_by("created_at"):
        body = json.loads(message.body)
        schema = payload_schema(kind_of(message.kind))
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)
        found.append((message.kind, body["data"]))
    return found


def test_a_finished_picture(object_store_server: ObjectStore) -> None:
    generation = order(listening(make_buyer()))
    report = stored(generation)
    for _ in range(2):
        generations.succeeded(report)
    assert told(buyer_of(generation)) == [
        (
            "generation.succeeded",
            {
                "id": str(generation.pk),
                "image_sha256": report.sha256,
                "media_type": "text/plain",
                "width": 64,
                "height": 64,
                "seed": 7,
                "price_micro": generation.price_micro,
                "currency": "USD",
            },
        )
    ]


def test_a_picture_that_failed_and_one_that_was_cancelled() -> None:
    buyer = listening(make_buyer())
    first, second = order(buyer), order(buyer)
    report = failed(first, code="engine_error", retryable=False)
    for _ in range(2):
        generations.failed(report)
        generations.cancel(generation=second)
    assert sorted(told(buyer)) == [
        ("generation.cancelled", {"id": str(second.pk)}),
        ("generation.failed", {"id": str(first.pk), "code": "engine_error"}),
    ]


def test_the_hubs_own_examples_are_nobodys_event(object_store_server: ObjectStore) -> None:
    version = echo_version(creator=listening(make_user()))
    generation = generations.request_example(example=version.examples.get())
    generations.succeeded(stored(generation))
    assert told(version.style.creator) == []


def test_a_payment() -> None:
    buyer = listening(make_user())
    top_up = TopUp.objects.create(buyer=buyer, provider="sandbox", amount_micro=10_000_000)
    EFFECTS[Outcome.PAID](top_up)
    expected = {"id": str(top_up.pk), "amount_micro": 10_000_000, "currency": "USD"}
    assert told(buyer) == [("top_up.paid", expected)]


def test_a_purchase_is_told_to_both_sides_and_the_seller_not_by_whom() -> None:
    buyer, seller = listening(make_buyer()), listening(make_user())
    version = echo_version(creator=seller, download_price_micro=50 * CREDIT)
    quote = quote_purchase(buyer=buyer, kind="file", item=str(version.pk))
    for _ in range(2):
        purchase = buy(buyer=buyer, quote=quote.token)
    data = {
        "id": str(purchase.pk),
        "kind": "file",
        "title": quote.title,
        "price_micro": 50 * CREDIT,
        "currency": "USD",
    }
    assert (told(buyer), told(seller)) == ([("purchase.made", data)], [("sale.made", data)])


def test_a_subscription_that_renews_is_a_purchase_again() -> None:
    buyer, creator = listening(make_buyer()), make_user()
    SubscriptionOffer.objects.create(creator=creator, price_micro=10 * CREDIT)
    buy(buyer=buyer, quote=quote_purchase(buyer=buyer, kind="subscription", item=str(creator.pk)).token)
    almost_over = timezone.now() + timedelta(days=29, hours=12)
    assert renew_subscriptions(now=almost_over) == 1
    assert [(kind, data["kind"]) for kind, data in told(buyer)] == [("purchase.made", "subscription")] * 2


def test_a_style_that_is_published_and_withdrawn() -> None:
    creator = listening(make_user())
    version = publish(creator=creator, upload=ready_upload(owner=creator), terms=make_terms())
    for _ in range(2):
        withdraw(version=version)
    data = {"style": "washed-ink", "title": "Washed Ink", "version": version.pk, "number": 1}
    assert told(creator) == [("style.published", data), ("style.withdrawn", data)]


def test_an_upload_that_is_ready(object_store_server: ObjectStore) -> None:
    content = b"a pack"
    sha256 = hashlib.sha256(content).hexdigest()
    upload = make_upload(owner=listening(make_user()), state=Upload.State.CONVERTING, attempt=1, sha256="5" * 64)
    object_store_server.put(keys.pack(sha256), content, "application/octet-stream")
    message = Converted(
        upload_id=upload.pk,
        attempt=1,
        pack_sha256=sha256,
        pack_key=keys.pack(sha256),
        pack_size=len(content),
        kind="lora",
        rank=4,
        modules=2,
    )
    for _ in range(2):
        accept_conversion(message)
    expected = {"id": str(upload.pk), "file_name": upload.file_name, "sha256": "5" * 64}
    assert told(upload.owner) == [("upload.ready", expected)]


def test_an_upload_that_is_refused() -> None:
    upload = make_upload(owner=listening(make_user()), state=Upload.State.CHECKING)
    stale = Upload.objects.get(pk=upload.pk)
    refuse(upload=upload, code="hash_mismatch", message="It was damaged.")
    refuse(upload=stale, code="hash_mismatch", message="It was damaged.")
    expected = {"id": str(upload.pk), "file_name": upload.file_name, "code": "hash_mismatch"}
    assert told(upload.owner) == [("upload.refused", expected)]


def test_what_is_undone_was_never_announced() -> None:
    creator = listening(make_user())
    upload = ready_upload(owner=creator)
    publish(creator=creator, upload=upload, terms=make_terms())
    with pytest.raises(Conflict):
        publish(creator=creator, upload=upload, terms=make_terms())
    assert [kind for kind, _ in told(creator)] == ["style.published"]
