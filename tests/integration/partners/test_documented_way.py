"""docs/how-to/license-as-a-partner.md, run as it stands: from the organisation's key to a verified receipt of an image."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django.live_server_helper import LiveServer

from docs.generate.pages import ROOT
from hub.object_store import ObjectStore
from hub.receipts import Kind, read
from marketplace.accounts.models import User
from marketplace.accounts.tokens import create_token
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.ledger.selectors import sum_of_all_entries, wallet_balance
from marketplace.partners.keys import receipt_keyring
from marketplace.partners.matrix import keep
from tests.factories.generation import started, stored
from tests.factories.ledger import CREDIT
from tests.factories.partners import licensable_version, make_account
from tests.needed import lacking

PAGE = (ROOT / "docs/how-to/license-as-a-partner.md").read_text()
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]


@pytest.fixture(autouse=True)
def _tools() -> None:
    """What the page says it needs."""
    for name in ("curl", "jq"):
        if shutil.which(name) is None:
            lacking(f"{name} is not installed. Install it (apt install {name}).")


@pytest.fixture
def worker(broker: str, object_store_server: ObjectStore) -> Iterator[None]:
    """Draws what is queued, as serving workers do: stores the image and reports it."""
    over = threading.Event()

    def draw() -> None:
        while not over.wait(0.2):
            for generation in Generation.objects.filter(state=Generation.State.QUEUED):
                services.started(started(generation))
                services.succeeded(stored(generation, b"an image"))
        connections.close_all()

    thread = threading.Thread(target=draw)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def environment(live_server: LiveServer, receipt_key: object, worker: None) -> dict[str, str]:
    account = make_account()
    licensable_version()
    keep()
    _, key = create_token(user=account)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"HUB": live_server.url, "KEY": key, "PATH": path, "PYTHONPATH": str(ROOT), "ACCOUNT": str(account.pk)}


def blocks(language: str) -> list[str]:
    return [found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if "KEY=..." not in found]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def balance(environment: dict[str, str]) -> int:
    account = Generation.objects.values_list("buyer", flat=True).distinct().get()
    assert str(account) == environment["ACCOUNT"]
    return wallet_balance(User.objects.get(pk=account))


def test_the_commands_of_the_page_end_with_a_verified_receipt(environment: dict[str, str], tmp_path: Path) -> None:
    printed = run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks("sh"))], tmp_path, environment)
    generation = Generation.objects.get(batch_item=None)
    together = Generation.objects.exclude(batch_item=None)
    assert [row.licensed_image.grants.get() for row in together] == [generation.licensed_image.grants.get()] * 2
    assert "Genuine: a receipt of" in printed
    assert "image.png is this image, to the byte." in printed
    keys = receipt_keyring().public
    kinds = [read((tmp_path / name).read_text(), keys, Kind.RECEIPT)["kind"] for name in ("grant.jws", "receipt.jws")]
    assert kinds == ["grant", "image"]
    assert str(generation.pk) in (tmp_path / "usage.csv").read_text()
    assert (balance(environment), sum_of_all_entries()) == (1_000 * CREDIT - 3 * generation.price_micro, 0)


def test_the_program_of_the_page_does_the_same(environment: dict[str, str], tmp_path: Path) -> None:
    [program] = blocks("python")
    printed = run([sys.executable, "-c", program], tmp_path, environment)
    generation = Generation.objects.get()
    assert printed.startswith("Licensed to Agency")
    assert generation.image_sha256[:12] in printed
    assert balance(environment) == 900 * CREDIT - generation.price_micro
