"""`python -m hub.local.seed`: fills the demo's catalogue the way people do, over HTTP. What is there already stays.

A creator signs in, uploads files and publishes them; a buyer tops up and draws. So the demo proves the whole path at
each first start, and nothing in it was put there by a shortcut.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django
import httpx
from django.core.management import call_command

from hub.client import HubClient
from hub.config import hub_config
from hub.local.demo_styles import STYLES, DemoStyle
from hub.local.folder import DataFolder
from hub.local.secrets_file import load_secrets
from hub.local.visitor import Visitor, checked
from hub.logs import configure_logging

CREATOR, BUYER = "creator@demo.example", "buyer@demo.example"
BASE_MODEL = "tiny-sdxl"
TOP_UP_MICRO = 20_000_000
COVER_PATIENCE_S = 180.0
# Plugins are no business of this package, so another process calls them.
WRITER = """
import json, sys
from pathlib import Path
from plugins.sdxl import samples
for style in json.loads(sys.argv[2]):
    getattr(samples, style["writer"])(Path(sys.argv[1]), Path(style["path"]), seed=style["seed"], strength=style["strength"])
"""


def main() -> None:
    folder = DataFolder(hub_config().data_dir)
    url, password = os.environ["HUB_URL"], load_secrets(folder.secrets).demo_password
    django.setup()
    configure_logging("seed", hub_config().log_level)  # the settings, which it shares, have said "site"
    call_command("seed_demo", people_password=password)
    missing = [style for style in STYLES if style.terms["title"] not in _published(url)]
    if missing:
        with HubClient(url, _token(url, CREATOR, password)) as creator, tempfile.TemporaryDirectory() as files:
            _write(missing, folder.tiny_base, Path(files))
            for style in missing:
                _publish(creator, style, Path(files))
    _wait_for_covers(url)
    _draw_as_buyer(url, password)


def _published(url: str) -> dict[str, dict[str, Any]]:
    """Published styles by title."""
    answer = checked(httpx.get(f"{url}/api/v1/styles", timeout=30)).json()
    return {style["title"]: style for style in answer["results"]}


def _token(url: str, email: str, password: str) -> str:
    visitor = Visitor(url)
    visitor.sign_in(email, password)
    return visitor.make_token("demo")


def _write(styles: list[DemoStyle], base: Path, files: Path) -> None:
    wanted = [
        {"writer": style.writer, "path": str(files / style.file_name), "seed": style.seed, "strength": style.strength}
        for style in styles
    ]
    subprocess.run([sys.executable, "-c", WRITER, str(base), json.dumps(wanted)], check=True)  # noqa: S603 - our own code


def _publish(creator: HubClient, style: DemoStyle, files: Path) -> None:
    upload = creator.upload_file(files / style.file_name, base_model=BASE_MODEL)
    creator.publish(creator.wait_for_upload(upload.id).id, style.terms)


def _wait_for_covers(url: str) -> None:
    deadline = time.monotonic() + COVER_PATIENCE_S
    while not all(style["latest"]["cover"] for style in _published(url).values()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"The covers were not drawn within {COVER_PATIENCE_S:.0f} s.")
        time.sleep(0.3)


def _draw_as_buyer(url: str, password: str) -> None:
    """Credit and first images, so that history, wallet and earnings have something to show."""
    visitor = Visitor(url)
    visitor.sign_in(BUYER, password)
    if checked(visitor.session.get("/api/v1/wallet")).json()["balance_micro"] == 0:
        visitor.top_up(TOP_UP_MICRO)
    drawn = len(checked(visitor.session.get("/api/v1/generations")).json()["results"])
    with HubClient(url, visitor.make_token("demo")) as buyer:
        for title in ("Night Bloom", "Deep Water")[drawn:]:
            version = _published(url)[title]["latest"]["id"]
            prompt = f"a lighthouse at dusk, {title.lower()}"
            asked = {"base_model": BASE_MODEL, "prompt": prompt, "adapters": [{"version": version, "weight": 1.0}]}
            buyer.wait_for_generation(buyer.generate({**asked, "seed": 7}).id)


if __name__ == "__main__":
    main()
