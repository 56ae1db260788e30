"""A developer sets a team up and makes it a key, in a browser and by keyboard where it matters."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from hub.testing.stack import RunningStack
from tests.e2e.visitors import visit

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.torch]


def wallet_with(stack: RunningStack, secret: str) -> int:
    return httpx.get(f"{stack.url}/api/v1/wallet", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_an_organisation_gets_a_member_and_a_key_that_is_rotated_and_revoked(
    browser: Browser, running_stack: RunningStack
) -> None:
    owner, developer = visit(browser, running_stack.url), visit(browser, running_stack.url)
    owner.sign_up("Lena Okafor", "lena@example.org")
    developer.sign_up("Ada Lindqvist", "ada@example.org")

    owner.open("/organisations/")
    owner.page.get_by_label("Name of the organisation").fill("Film Archive")
    owner.page.get_by_role("button", name="Make an organisation").click()
    owner.page.get_by_label("E-mail address").fill("ada@example.org")
    owner.page.get_by_label("Role", exact=True).select_option("Developer")
    owner.page.get_by_role("button", name="Invite", exact=True).click()
    link = owner.page.get_by_role("button", name="Copy the link").get_attribute("data-copy")
    assert link is not None

    developer.page.goto(link)
    developer.page.get_by_role("button", name="Join").click()
    developer.page.get_by_role("link", name="Keys").click()
    page = developer.page
    page.get_by_label("Name", exact=True).fill("Render farm")
    page.get_by_role("checkbox", name=re.compile("^wallet:read")).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make a key").press("Enter")
    first = page.locator("#new-secret").inner_text()
    assert wallet_with(running_stack, first) == 200

    page.get_by_label("Rotate Render farm").press("Enter")
    page.get_by_label("The old secret goes on").select_option("not at all")
    page.get_by_role("button", name="Make a new secret").press("Enter")
    expect(page.locator("#new-secret")).not_to_have_text(first)
    second = page.locator("#new-secret").inner_text()
    assert (wallet_with(running_stack, first), wallet_with(running_stack, second)) == (401, 200)

    page.get_by_role("button", name="Revoke Render farm").press("Enter")
    expect(page.get_by_text("No key yet")).to_be_visible()
    assert wallet_with(running_stack, second) == 401

    page.get_by_role("link", name="Quick starts").click()
    page.get_by_role("radio", name="curl").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="Order a picture: Python")).to_be_visible()
    assert owner.complaints + developer.complaints == []
