"""The main job in a browser: a creator uploads and publishes, a buyer pays and generates, the creator earns."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from hub.testing.stack import RunningStack
from tests.e2e.visitors import EXAMPLE, PATIENCE_MS, Visitor, visit
from tests.fixtures_torch import AdapterFiles

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.torch]
PART_BYTES = 5 * 2**20


def test_a_stranger_publishes_a_style_and_is_paid_when_another_uses_it(
    browser: Browser, running_stack: RunningStack, shipped_files: AdapterFiles
) -> None:
    creator, buyer = visit(browser, running_stack.url), visit(browser, running_stack.url)

    creator.sign_up("Mara Ito", "mara@example.org")
    fine_tune = shipped_files.fine_tune
    assert creator.upload(fine_tune) == -(-fine_tune.stat().st_size // PART_BYTES)
    creator.upload(shipped_files.kohya)
    creator.publish(shipped_files.kohya.name, title="Harbour ink", price="2", share=70)

    buyer.sign_up("Sam Reed", "sam@example.org")
    buyer.top_up()
    expect(buyer.page.get_by_role("link", name="Wallet: 500 credits")).to_be_visible()
    order(buyer, "Harbour ink", "a fox on a blue background")
    expect(buyer.page.get_by_role("link", name="Wallet: 497.99 credits")).to_be_visible()
    assert downloaded(buyer).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")

    open_example(buyer, "Harbour ink")
    buyer.open("/history/")
    expect(buyer.page.get_by_text("128 × 128 · 20 steps · guidance 1.5 · Euler · seed 7")).to_be_visible()
    creator.open("/earnings/")
    earned = creator.page.get_by_role("listitem").filter(has_text="Harbour ink version 1")
    expect(earned).to_contain_text("1.4 credits")
    expect(earned).to_contain_text("1 sale")
    check_proof(creator)
    assert creator.complaints + buyer.complaints == []


def order(buyer: Visitor, title: str, prompt: str) -> None:
    """From the gallery to the finished picture, having read the price."""
    page = buyer.page
    buyer.open("/")
    page.get_by_role("link", name=title).click()
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_text("More settings").click()
    page.get_by_label("Seed").fill("7")
    price = page.locator("#quote")
    expect(price).to_contain_text("2.01 credits")
    expect(price).to_contain_text("Mara Ito · creator")
    page.get_by_role("button", name="Generate").click()
    picture = page.get_by_role("main").get_by_role("img", name=prompt)
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [128, 128]
    page.reload()


def check_proof(creator: Visitor) -> None:
    """The browser checks what was earned, and sees when a proof was altered on its way."""
    page = creator.page
    page.get_by_role("link", name="Check this movement").first.click()
    expect(page.get_by_text("All of it is right")).to_be_visible()
    expect(page.locator("#proof li").get_by_text("Right")).to_have_count(5)
    page.route("**/api/v1/ledger/proofs/*", altered)
    page.reload()
    expect(page.get_by_text("Something is wrong")).to_be_visible()
    expect(page.locator("#proof li").get_by_text("Wrong")).to_have_count(1)


def altered(route: Route) -> None:
    """An entry of ten times as much."""
    answer = route.fetch()
    proof = answer.json()
    proof["entries"] = [entry.replace('"14000"', '"140000"') for entry in proof["entries"]]
    route.fulfill(response=answer, json=proof)


def open_example(buyer: Visitor, title: str) -> None:
    """By keyboard alone: the picture opens large with its prompt, and Escape leads back to where one was."""
    page = buyer.page
    buyer.open("/")
    page.get_by_role("link", name=title).click()
    small, dialog = page.get_by_role("link", name=EXAMPLE), page.get_by_role("dialog")
    small.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("img", name=EXAMPLE)).to_be_visible()
    expect(dialog.get_by_text(EXAMPLE)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(small).to_be_focused()


def downloaded(buyer: Visitor) -> Path:
    with buyer.page.expect_download() as download:
        buyer.page.get_by_role("link", name="Download").click()
    return download.value.path()
