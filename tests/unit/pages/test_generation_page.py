"""A generation as its buyer sees it, in every state."""

import pytest
from django.test import Client

from marketplace.catalogue.models import BaseModel
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import held_balance
from tests.factories.catalogue import make_style
from tests.factories.generation import buyer_of, echo_version, order
from tests.factories.ledger import make_buyer
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
State = Generation.State


def shown(generation: Generation, part: str = "") -> tuple[Client, str]:
    client = signed_in(buyer_of(generation))
    return client, client.get(f"/generations/{generation.pk}/{part}").content.decode()


def in_state(state: str, **changes: object) -> Generation:
    made = order()
    Generation.objects.filter(pk=made.pk).update(state=state, **changes)
    made.refresh_from_db()
    return made


def test_a_waiting_picture_says_its_place_and_asks_again_each_second() -> None:
    order()
    _, page = shown(order())
    assert ("Number 2 in the queue" in page, 'hx-trigger="every 1s"' in page) == (True, True)


def test_a_running_picture_shows_its_step() -> None:
    _, progress = shown(in_state(State.RUNNING, step=3), "status/")
    assert ("Step 3 of 4" in progress, 'value="3"' in progress, "<html" in progress) == (True, True, False)


def test_each_poll_brings_the_state_beside_the_prompt_up_to_date() -> None:
    made = in_state(State.RUNNING)
    _, page = shown(made)
    _, progress = shown(made, "status/")
    badge = f">{made.get_state_display()}</span>"
    assert (page.count('id="state"'), progress.count('<p id="state" hx-swap-oob="true">')) == (1, 1)
    assert (badge in page, badge in progress) == (True, True)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_a_finished_picture_replaces_the_whole_and_asks_no_more(state: str) -> None:
    made = in_state(state)
    answer = signed_in(buyer_of(made)).get(f"/generations/{made.pk}/status/")
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#generation", "outerHTML")
    assert "hx-get" not in answer.content.decode()


def test_a_delivered_picture_comes_with_a_receipt_its_settings_and_the_credit_line() -> None:
    version = echo_version(style=make_style(title="Harbour"), licence="CC-BY-4.0")
    made = order(None, version)
    Generation.objects.filter(pk=made.pk).update(
        state=State.SUCCEEDED, image_sha256="a" * 64, image_media_type="image/png", seconds=2.04
    )
    _, page = shown(made)
    expected = (
        f"/generations/{made.pk}/image.png",
        f"/generations/{made.pk}/download/",
        "Receipt",
        "1.01 credits",
        version.style.creator.display_name,
        "a harbour at dawn",
        "64 × 64",
        "2.0 s",
        f"“Harbour” by {version.style.creator.display_name}, CC-BY-4.0",
        f"/styles/{version.style.slug}/?from={made.pk}",
    )
    assert [text for text in expected if text not in page] == []


def test_a_share_alike_picture_says_under_which_licence_it_is_passed_on() -> None:
    open_terms = {"may_be_merged": True, "may_be_resold": True, "outputs_may_train": True}
    shared = echo_version(licence="CC-BY-SA-4.0", attribution="Drawings by the Aoi project", **open_terms)
    free = echo_version(licence="MIT", **open_terms)
    sentence = "Pass it on only under the same licence"
    for versions, said, lines in (((free, shared), True, 2), ((free,), False, 1)):
        made = order(None, *versions)
        Generation.objects.filter(pk=made.pk).update(
            state=State.SUCCEEDED, image_sha256="a" * 64, image_media_type="image/png"
        )
        client, page = shown(made)
        answer = client.get(f"/api/v1/generations/{made.pk}").json()
        assert (sentence in page, "Drawings by the Aoi project" in page) == (said, said)
        assert (answer["shared_under"], len(answer["credit_lines"])) == ("CC-BY-SA-4.0" if said else "", lines)


def test_a_failed_picture_says_why_and_that_nothing_was_charged() -> None:
    _, page = shown(in_state(State.FAILED, failure_message="The engine stopped."))
    assert ("The engine stopped." in page, "nothing was charged" in page) == (True, True)


def test_cancelling_returns_the_hold() -> None:
    made = order(make_buyer())
    answer = signed_in(buyer_of(made)).post(f"/generations/{made.pk}/cancel/")
    made.refresh_from_db()
    assert (answer.status_code, made.state, held_balance(buyer_of(made))) == (302, State.CANCELLED, 0)


def test_cancelling_what_is_finished_changes_nothing() -> None:
    made = in_state(State.SUCCEEDED)
    answer = signed_in(buyer_of(made)).post(f"/generations/{made.pk}/cancel/", follow=True)
    made.refresh_from_db()
    assert (made.state, "already finished" in answer.content.decode()) == (State.SUCCEEDED, True)


def test_a_prompt_is_shown_as_text_whatever_it_holds() -> None:
    made = order(None, prompt='<script>alert("x")</script>')
    _, page = shown(made)
    assert ("<script>alert" in page, "&lt;script&gt;alert" in page) == (False, True)


def test_the_history_shows_every_setting_newest_first_a_page_at_a_time() -> None:
    buyer = make_buyer()
    for number in range(25):
        order(buyer, prompt=f"picture {number}")
    order()
    client = signed_in(buyer)
    first, second = client.get("/history/"), client.get("/history/?page=2")
    assert [made.prompt for made in first.context["page"]] == [f"picture {number}" for number in range(24, 0, -1)]
    assert [made.prompt for made in second.context["page"]] == ["picture 0"]
    page = first.content.decode()
    shown_settings = ("64 × 64", "4 steps", "guidance 5.0", "Euler", "seed 7")
    assert [text for text in shown_settings if text not in page] == []


@pytest.mark.parametrize(
    ("state", "charge"),
    [
        (State.QUEUED, "0.01 credits held"),
        (State.RUNNING, "0.01 credits held"),
        (State.SUCCEEDED, "0.01 credits"),
        (State.FAILED, "not charged"),
        (State.CANCELLED, "not charged"),
    ],
)
def test_the_history_names_a_price_only_for_what_was_delivered(state: str, charge: str) -> None:
    page = signed_in(buyer_of(in_state(state))).get("/history/").content.decode()
    assert f'<span class="quiet numbers text-xs">{charge}</span>' in page


def test_a_picture_drawn_over_another_says_so_and_is_made_again_from_the_same() -> None:
    plain = in_state(State.SUCCEEDED)
    over = in_state(State.SUCCEEDED, picture_sha256="a" * 64, mask_sha256="b" * 64, strength=0.6)
    pages = [shown(made)[1] for made in (plain, over)]
    assert [f"from={made.pk}" in page for made, page in zip((plain, over), pages, strict=True)] == [True, True]
    assert ["strength 0.6, where its mask is white" in " ".join(page.split()) for page in pages] == [False, True]


@pytest.mark.parametrize("has_refiner", [True, False])
def test_a_refined_picture_says_so_and_is_not_made_again_without_its_refiner(has_refiner: bool) -> None:
    plain, refined = in_state(State.SUCCEEDED), in_state(State.SUCCEEDED, refiner_start=0.8)
    BaseModel.objects.update(has_refiner=has_refiner)
    pages = [shown(made)[1] for made in (plain, refined)]
    assert [f"from={made.pk}" in page for made, page in zip((plain, refined), pages, strict=True)] == [
        True,
        has_refiner,
    ]
    assert ["from 0.8 on" in page for page in pages] == [False, True]
