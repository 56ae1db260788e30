"""Every resource against the real site, blocking and awaited."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from irodori_client import (
    AuthenticationError,
    CancelledError,
    ConflictError,
    FailedError,
    InvalidInputError,
    NotEnoughCreditError,
    NotFoundError,
    Order,
    StatedSource,
    StyleUse,
    Terms,
    TooSlowError,
    UsageError,
)
from irodori_client.models import Wallet
from marketplace.catalogue.models import StyleVersion
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.accounts import make_user
from tests.factories.catalogue import make_pack, make_style, make_version, tiny_sdxl_base
from tests.factories.generation import PROMPT, echo_version, failed, make_request, order, paid, started
from tests.factories.ledger import make_buyer
from tests.factories.uploads import make_upload, ready_upload
from tests.unit.sdk.conftest import Hub

pytestmark = pytest.mark.django_db
TERMS = Terms(
    title="Washed Ink",
    sample_prompt="a harbour at dawn",
    licence="CC0-1.0",
    price_micro=10_000,
    creator_share_bp=7_000,
    training_sources=(StatedSource(name="Mine", consent="own_work"),),
)


def echo_order(*versions: StyleVersion, **changes: Any) -> Order:
    make_request()
    uses = tuple(StyleUse(version=version.pk) for version in versions)
    return Order(base_model="echo", prompt=PROMPT, adapters=uses, width=64, height=64, steps=4, seed=7, **changes)


def test_anyone_may_look_at_bases_and_styles(hub: Hub) -> None:
    version = echo_version()
    [base] = hub.do(None, lambda client: client.bases.all())
    style = hub.do(None, lambda client: client.styles.get(version.style.slug))
    assert (base.slug, base.default_side) == ("echo", 64)
    assert (style.title, style.latest.id, [each.id for each in style.versions]) == (
        version.style.title,
        version.pk,
        [version.pk],
    )


def test_a_search_goes_on_to_the_last_page(hub: Hub) -> None:
    made = [make_version().style.slug for _ in range(53)]
    other = make_version(style=make_style(title="Linocut")).style.slug
    assert [style.slug for style in hub.every(None, lambda client: client.styles.search())] == [
        *reversed([*made, other])
    ]
    assert [style.slug for style in hub.every(None, lambda client: client.styles.search("linocut"))] == [other]
    assert hub.every(None, lambda client: client.styles.search(base_model="none")) == []


def test_a_quote_tells_the_price_that_the_order_then_costs(hub: Hub) -> None:
    buyer, asked = make_buyer(), echo_order(echo_version())
    quote = hub.do(buyer, lambda client: client.quotes.get(asked))
    assert held_balance(buyer) == 0
    named = asked.model_copy(update={"quote": quote.quote})
    made = hub.do(buyer, lambda client: client.generations.create(named))
    assert (made.price_micro, held_balance(buyer)) == (quote.total_micro, quote.total_micro)
    assert sum(line.amount_micro for line in quote.split) == quote.total_micro


def test_the_same_key_orders_once_and_without_one_each_call_orders(hub: Hub) -> None:
    buyer, asked = make_buyer(), echo_order()

    def ordered(key: str | None) -> UUID:
        made: Generation = hub.do(buyer, lambda client: client.generations.create(asked, idempotency_key=key))
        return made.id

    assert ordered("one") == ordered("one")
    assert len({ordered("one"), ordered(None), ordered(None)}) == Generation.objects.count() == 3


def test_an_order_is_composed_by_names(hub: Hub) -> None:
    first, tiny = echo_version(), tiny_sdxl_base()
    second = echo_version(style=first.style, number=2)
    make_version(style=first.style, number=3, pack=make_pack(base_model=tiny))
    slug = first.style.slug

    def composed(**choices: Any) -> Order:
        made: Order = hub.do(None, lambda client: client.generations.compose("a fox", **choices))
        return made

    assert composed(styles={slug: 0.5}, base_model="echo", seed=3) == Order(
        prompt="a fox", base_model="echo", adapters=(StyleUse(version=second.pk, weight=0.5),), seed=3
    )
    assert composed(styles={slug: 1.0}).base_model == "tiny-sdxl"
    assert composed().base_model == "echo"
    with pytest.raises(UsageError, match=f"“{slug}” can't be used with other: it is there for echo, tiny-sdxl"):
        composed(styles={slug: 1.0}, base_model="other")


def test_history_holds_ones_own_images_newest_first(hub: Hub) -> None:
    buyer = make_buyer()
    mine = [order(buyer), order(buyer)]
    order()
    found = hub.every(buyer, lambda client: client.generations.history())
    assert [each.id for each in found] == [each.pk for each in reversed(mine)]


def test_a_cancelled_order_costs_nothing_and_whoever_waits_is_told(hub: Hub) -> None:
    buyer = make_buyer()
    waiting = order(buyer)
    assert hub.do(buyer, lambda client: client.generations.cancel(waiting.pk)).state == "cancelled"
    with pytest.raises(CancelledError, match="Nothing was paid"):
        hub.do(buyer, lambda client: client.generations.wait(waiting.pk))
    assert held_balance(buyer) == 0


def test_waiting_ends_with_the_reason_of_a_failure(hub: Hub) -> None:
    buyer = make_buyer()
    waiting = order(buyer)
    told: list[str] = []

    def worker() -> None:
        """Gives the order up once it was looked at."""
        if told:
            told_of = {"code": "no_refiner", "message": "The base has no refiner.", "retryable": False}
            services.started(started(waiting))
            services.failed(failed(Generation.objects.get(), **told_of))

    with pytest.raises(FailedError, match="refiner") as told_why:
        hub.do(
            buyer,
            lambda client: client.generations.wait(waiting.pk, progress=lambda each: told.append(each.state)),
            afterwards=worker,
        )
    assert (told_why.value.code, told[0], told[-1]) == ("no_refiner", "queued", "failed")


def test_the_patience_of_who_waits_has_an_end(hub: Hub) -> None:
    buyer = make_buyer()
    waiting = order(buyer)
    with pytest.raises(TooSlowError, match="goes on"):
        hub.do(buyer, lambda client: client.generations.wait(waiting.pk, timeout=0))
    with pytest.raises(TooSlowError):
        hub.every(buyer, lambda client: client.generations.stream(waiting.pk, timeout=0))


def test_an_image_that_is_not_there_can_not_be_fetched_and_has_no_preview_yet(hub: Hub, tmp_path: Path) -> None:
    buyer = make_buyer()
    order(buyer)
    [waiting] = hub.every(buyer, lambda client: client.generations.history())
    with pytest.raises(UsageError, match="no image yet"):
        hub.do(buyer, lambda client: client.generations.save(waiting, tmp_path / "image.png"))
    assert hub.do(buyer, lambda client: client.generations.preview(waiting.id)) is None
    with pytest.raises(NotFoundError):
        hub.do(make_user(), lambda client: client.generations.preview(waiting.id))


def test_a_ready_upload_is_published_and_withdrawn(hub: Hub) -> None:
    creator = make_user()
    upload = ready_upload(owner=creator)
    version = hub.do(creator, lambda client: client.versions.publish(upload.pk, TERMS))
    assert (version.state, version.licence.id, version.price_micro) == ("published", "CC0-1.0", 10_000)
    assert hub.do(creator, lambda client: client.versions.withdraw(version.id)).state == "withdrawn"


def test_uploads_are_listed_and_cancelled(hub: Hub) -> None:
    creator = make_user()
    ready = ready_upload(owner=creator)
    assert [each.id for each in hub.every(creator, lambda client: client.uploads.all())] == [ready.pk]
    assert hub.do(creator, lambda client: client.uploads.get(ready.pk)).state == "ready"
    with pytest.raises(ConflictError) as refused:
        hub.do(creator, lambda client: client.uploads.abort(ready.pk))
    assert (refused.value.status, refused.value.code) == (409, "not_receiving")
    refused_upload = make_upload(
        owner=creator, state="refused", refusal_code="bad_header", refusal_message="No header."
    )
    with pytest.raises(FailedError, match="No header") as told_why:
        hub.do(creator, lambda client: client.uploads.wait(refused_upload.pk))
    assert told_why.value.code == "bad_header"


def test_wallet_top_ups_and_earnings(hub: Hub) -> None:
    buyer, creator = make_buyer(2), make_user()
    paid(order(buyer, echo_version(creator=creator)))
    wallet = hub.do(buyer, lambda client: client.wallet.get())
    assert wallet == Wallet(balance_micro=20_000 - Generation.objects.get().price_micro, held_micro=0, currency="USD")
    checkout = hub.do(buyer, lambda client: client.wallet.top_up(5_000_000))
    assert checkout.url.startswith("http")
    earned = hub.do(creator, lambda client: client.earnings.get())
    assert (earned.earnings_micro, [line.amount_micro for line in earned.versions]) == (7_000, [7_000])


def test_a_statement_is_read_or_saved(hub: Hub, tmp_path: Path) -> None:
    creator = make_user()
    paid(order(make_buyer(), echo_version(creator=creator)))
    month, path = f"{datetime.now(UTC):%Y-%m}", tmp_path / "statement.csv"
    text = hub.do(creator, lambda client: client.earnings.statement(month))
    assert b"7000" in text
    assert hub.do(creator, lambda client: client.earnings.save_statement(path, month)) == path
    assert path.read_bytes() == text
    with pytest.raises(InvalidInputError):
        hub.do(creator, lambda client: client.earnings.save_statement(tmp_path / "other.csv", "2026-13"))
    assert sorted(each.name for each in tmp_path.glob("*.*")) == ["statement.csv"]


def test_refusals_carry_code_sentence_status_and_field(hub: Hub) -> None:
    with pytest.raises(InvalidInputError, match=r"^base_model: ") as refused:
        hub.do(make_buyer(), lambda client: client.quotes.get(Order(base_model="none", prompt="x")))
    assert (refused.value.status, refused.value.field) == (400, "base_model")
    asked = echo_order()
    with pytest.raises(NotEnoughCreditError) as poor:
        hub.do(make_user(), lambda client: client.generations.create(asked))
    assert (poor.value.status, poor.value.code) == (402, "not_enough_credit")
    with pytest.raises(AuthenticationError) as stranger:
        hub.do(None, lambda client: client.wallet.get())
    assert (stranger.value.status, stranger.value.code) == (401, "not_authenticated")
    with pytest.raises(NotFoundError):
        hub.do(None, lambda client: client.styles.get("../wallet"))
