"""`python -m hub.local.seed`: fills the demo's catalogue the way people do, over HTTP. What is there already stays.

Creators sign in, upload the styles that ship and publish them; a buyer tops up and draws. So the demo proves the whole
path at each first start, and nothing in it was put there by a shortcut.
"""

import os
import time
from typing import Any

import django
import httpx
from django.core.management import call_command

from hub.client import HubClient
from hub.config import hub_config
from hub.local import shipped
from hub.local.demo_styles import PICTURES, STYLES, DemoStyle
from hub.local.folder import DataFolder
from hub.local.secrets_file import load_secrets
from hub.local.visitor import Visitor, checked
from hub.logs import configure_logging

BUYER = "buyer@demo.example"
TOP_UP_MICRO = 20_000_000
EXAMPLES_PATIENCE_S = 300.0


def main() -> None:
    folder = DataFolder(hub_config().data_dir)
    url, password = os.environ["HUB_URL"], load_secrets(folder.secrets).demo_password
    django.setup()
    configure_logging("seed", hub_config().log_level)  # the settings, which it shares, have said "site"
    call_command("seed_demo", people_password=password)
    published = _published(url)
    for style in STYLES:
        if style.terms["title"] not in published:
            _publish(url, password, style)
    # What an earlier start, cut off, left without a picture; for the base, whose examples nobody publishes, all of them.
    call_command("draw_examples")
    # Asked for before the examples are awaited: what waits together is drawn together.
    _draw_as_buyer(url, password)
    _wait_for_examples(url)


def _published(url: str) -> dict[str, dict[str, Any]]:
    """Published styles by title."""
    answer = checked(httpx.get(f"{url}/api/v1/styles", timeout=30)).json()
    return {style["title"]: style for style in answer["results"]}


def _publish(url: str, password: str, style: DemoStyle) -> None:
    visitor = Visitor(url)
    visitor.sign_in(style.email, password)
    with HubClient(url, visitor.make_token("demo")) as creator:
        upload = creator.upload_file(shipped.STYLES / style.file_name, base_model=shipped.BASE_MODEL)
        creator.publish(creator.wait_for_upload(upload.id).id, style.terms)


def _wait_for_examples(url: str) -> None:
    deadline = time.monotonic() + EXAMPLES_PATIENCE_S
    while missing := [example["prompt"] for example in _examples(url) if not example["picture"]]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(missing)} examples were not drawn within {EXAMPLES_PATIENCE_S:.0f} s.")
        time.sleep(0.3)


def _examples(url: str) -> list[dict[str, Any]]:
    bases = checked(httpx.get(f"{url}/api/v1/base-models", timeout=30)).json()
    shown = [*bases, *(style["latest"] for style in _published(url).values())]
    return [example for each in shown for example in each["examples"]]


def _draw_as_buyer(url: str, password: str) -> None:
    """Credit and first images, so that history, wallet and earnings have something to show."""
    visitor = Visitor(url)
    visitor.sign_in(BUYER, password)
    if checked(visitor.session.get("/api/v1/wallet")).json()["balance_micro"] == 0:
        visitor.top_up(TOP_UP_MICRO)
    drawn = len(checked(visitor.session.get("/api/v1/generations")).json()["results"])
    published = _published(url)
    with HubClient(url, visitor.make_token("demo")) as buyer:
        ordered = []
        for seed, (title, prompt) in list(enumerate(PICTURES))[drawn:]:
            adapters = [{"version": published[title]["latest"]["id"], "weight": 1.0}] if title else []
            asked = {"base_model": shipped.BASE_MODEL, "prompt": prompt, "adapters": adapters, "seed": seed}
            ordered.append(buyer.generate(asked).id)
        for generation_id in ordered:
            buyer.wait_for_generation(generation_id)


if __name__ == "__main__":
    main()
