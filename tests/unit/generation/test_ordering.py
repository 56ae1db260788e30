from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from hub.jobs import AdapterUse, GenerateJob
from marketplace.accounts.models import User
from marketplace.catalogue.services import set_base_examples
from marketplace.errors import NotEnoughCredit, NotFound
from marketplace.generation import selectors, services
from marketplace.generation.dispatch import job_of
from marketplace.generation.models import Generation
from marketplace.generation.pricing import Quote, QuoteLine, split_of
from marketplace.generation.requests import AdapterChoice
from marketplace.generation.validation import engine_info
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.payouts.parts import SplitLine
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, tiny_sdxl_base
from tests.factories.generation import PROMPT, buyer_of, echo_version, make_request, order
from tests.factories.ledger import CREDIT, make_buyer

pytestmark = pytest.mark.django_db
COMPUTE = 100


def test_a_quote_says_what_each_part_costs_and_who_is_paid() -> None:
    mara = make_user(display_name="Mara")
    ink, wash = (
        echo_version(creator=mara, price_micro=10_001, may_be_merged=True),
        echo_version(creator=make_user(display_name="Ren"), price_micro=4_000, may_be_merged=True),
    )
    assert services.quote(buyer=make_user(), request=make_request(ink, wash, prompt=""))[0] == Quote(
        compute_micro=COMPUTE,
        lines=(QuoteLine(ink, 10_001), QuoteLine(wash, 4_000)),
        total_micro=COMPUTE + 14_001,
        split=(
            SplitLine("Mara", "creator", 7_001),
            SplitLine("Ren", "creator", 2_800),
            SplitLine("Computation", "compute", COMPUTE),
            SplitLine("Irodori", "platform", 4_200),
        ),
        compute_plan_id=None,
    )


@pytest.mark.parametrize("weight", [-2.0, 0.0, 0.3, 2.0])
def test_the_weight_never_moves_money(weight: float) -> None:
    version = echo_version()
    request = make_request(adapters=(AdapterChoice(version.pk, weight),))
    assert services.quote(buyer=make_user(), request=request)[0].total_micro == COMPUTE + 10_000


def test_ordering_holds_the_price_and_queues_the_image() -> None:
    buyer, version = make_buyer(10), echo_version()
    generation = order(buyer, version)
    assert (generation.state, generation.price_micro, generation.attempt) == ("queued", COMPUTE + 10_000, 1)
    assert (wallet_balance(buyer), held_balance(buyer)) == (9 * CREDIT - COMPUTE, CREDIT + COMPUTE)
    assert sum(line.amount_micro for line in split_of(generation)) == generation.price_micro


def test_the_job_names_everything_the_worker_needs() -> None:
    version = echo_version()
    generation = order(None, version, negative_prompt="fog")
    assert job_of(generation) == GenerateJob(
        id=generation.pk,
        attempt=1,
        engine="echo",
        base_model="echo",
        prompt=PROMPT,
        negative_prompt="fog",
        width=64,
        height=64,
        steps=4,
        guidance_scale=5.0,
        seed=7,
        scheduler="euler",
        adapters=(AdapterUse(pack_sha256=version.pack.sha256, pack_key=version.pack.key, kind="lora", weight=1.0),),
        output_key=f"outputs/{generation.pk}/1.png",
    )


def test_where_the_refiner_begins_is_kept_with_the_generation_and_sent() -> None:
    tiny_sdxl_base()
    generation = order(base_model="tiny-sdxl", refiner_start=0.8)
    generation.refresh_from_db()
    assert (generation.refiner_start, job_of(generation).refiner_start) == (0.8, 0.8)


def test_what_is_left_out_the_base_decides() -> None:
    echo_base(default_steps=12, default_guidance=3.0)
    generation = order(width=None, height=None, steps=None, guidance_scale=None, seed=None, scheduler="")
    assert (generation.width, generation.height, generation.scheduler) == (64, 64, "euler")
    assert (generation.steps, generation.guidance_scale) == (12, 3.0)
    assert 0 <= generation.seed < 2**32


def test_a_base_set_up_for_more_steps_than_its_engine_allows_gets_the_most() -> None:
    echo_base(default_steps=10_000)
    generation = order(steps=None)
    assert generation.steps == engine_info(generation.base_model).max_steps


def test_too_little_credit_holds_nothing_and_leaves_no_row() -> None:
    buyer = make_buyer(1)
    with pytest.raises(NotEnoughCredit, match=r"0\.01 credits short"):
        order(buyer, echo_version())
    assert (wallet_balance(buyer), held_balance(buyer), Generation.objects.count()) == (CREDIT, 0, 0)


def test_the_terms_agreed_when_ordering_stay() -> None:
    version = echo_version(creator=make_user(display_name="Mara"))
    generation = order(None, version)
    version.creator_share_bp = 0
    version.save()
    assert split_of(generation)[0] == SplitLine("Mara", "creator", 7_000)


def test_cancelling_returns_the_hold_once() -> None:
    buyer = make_buyer(10)
    generation = order(buyer)
    services.cancel(generation=generation)
    services.cancel(generation=generation)
    assert (generation.state, wallet_balance(buyer), held_balance(buyer)) == ("cancelled", 10 * CREDIT, 0)
    assert sum_of_all_entries() == 0


def test_a_sample_costs_its_creator_nothing_and_is_made_once() -> None:
    version = echo_version()
    cover = version.examples.get()
    sample = services.request_example(example=cover)
    assert services.request_example(example=cover) == sample
    assert (sample.price_micro, sample.prompt, sample.buyer) == (0, "a harbour at dawn", version.style.creator)
    assert (wallet_balance(version.style.creator), split_of(sample)) == (0, ())
    assert list(selectors.history(version.style.creator)) == []


def test_a_bases_example_has_no_buyer_and_no_style() -> None:
    base = echo_base(default_guidance=3.0)
    set_base_examples(base=base, prompts=["a harbour at dawn"])
    sample = services.request_example(example=base.examples.get())
    assert (sample.price_micro, sample.buyer, sample.guidance_scale) == (0, None, 3.0)
    assert (list(sample.adapters.all()), split_of(sample)) == ([], ())


def test_the_database_lets_nobody_draw_one_example_twice() -> None:
    example = echo_version().examples.get()
    sample = services.request_example(example=example)
    sample.pk = uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        sample.save(force_insert=True)
    assert services.request_example(example=example) == selectors.picture_of(example)


def test_of_two_who_ask_at_once_both_get_the_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    example = echo_version().examples.get()
    first = services.request_example(example=example)
    # What the second saw before the first had saved its row.
    answers = iter([None, first])
    monkeypatch.setattr(services, "picture_of", lambda _: next(answers))
    assert services.request_example(example=example) == first
    assert Generation.objects.count() == 1


def test_only_what_is_free_has_no_buyer() -> None:
    paid = order()
    with pytest.raises(IntegrityError), transaction.atomic():
        Generation.objects.filter(pk=paid.pk).update(buyer=None)


def test_history_lists_a_buyers_own_orders_newest_first() -> None:
    buyer = make_buyer()
    first, second = order(buyer), order(buyer)
    order()
    assert list(selectors.history(buyer)) == [second, first]


def test_anothers_image_does_not_exist_for_me() -> None:
    generation = order()
    assert selectors.get_for_buyer(buyer_of(generation), generation.pk) == generation
    others: list[tuple[User, UUID | str]] = [(make_user(), generation.pk), (buyer_of(generation), "not-an-id")]
    for who, wanted in others:
        with pytest.raises(NotFound) as refusal:
            selectors.get_for_buyer(who, wanted)
        assert refusal.value.code == "generation_not_found"


def test_the_queue_is_first_come_first_served_per_engine() -> None:
    first, second = order(), order()
    Generation.objects.filter(pk=first.pk).update(state="running", step=1)
    third = order()
    assert [selectors.place_in_queue(generation) for generation in (second, third)] == [1, 2]
    first.refresh_from_db()
    assert (selectors.place_in_queue(first), selectors.eta_seconds(second)) == (0, None)


def test_the_wait_is_what_recent_images_took() -> None:
    for seconds in (1.0, 2.0, 9.0):
        done = order()
        Generation.objects.filter(pk=done.pk).update(state="succeeded", seconds=seconds)
    running, waiting = order(), order()
    Generation.objects.filter(pk=running.pk).update(state="running", step=1)
    running.refresh_from_db()
    assert (selectors.eta_seconds(running), selectors.eta_seconds(waiting)) == (1.5, 2.0)
    done.refresh_from_db()
    assert selectors.eta_seconds(done) is None
