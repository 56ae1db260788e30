"""`irodori ledger` as somebody calls it."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from time_machine import travel

from hub.signing import key_id, make_key, public_text, read_key, read_public
from marketplace.ledger import services
from marketplace.ledger.checks import sealing_has_a_key
from marketplace.ledger.models import Transaction
from marketplace.ledger.sealing import keys as sealing_keys
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from tests.factories.accounts import make_user
from tests.factories.generation import order
from tests.factories.ledger import CREDIT, make_buyer, pay
from tests.unit.ledger.test_sealing import triggers_lifted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """The key of the settings."""
    monkeypatch.setattr(sealing_keys, "key_path", lambda: tmp_path / "key.pem")
    return Keyring(make_key(tmp_path / "key.pem"))


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        call_command("verify_ledger")
    except CommandError as error:
        return error.returncode, f"{capsys.readouterr().out}{error}"
    return 0, capsys.readouterr().out


def test_a_ledger_that_holds(capsys: pytest.CaptureFixture[str], keys: Keyring) -> None:
    pay(make_buyer(), make_user())
    seal_waiting(keys)
    code, said = verified(capsys)
    assert (code, said.count("ok "), said.count("broken")) == (0, 6, 0)
    assert "3 transactions, 1 blocks, 0 not sealed yet" in said


def test_a_ledger_that_was_changed(capsys: pytest.CaptureFixture[str], keys: Keyring) -> None:
    pay(make_buyer(), make_user())
    seal_waiting(keys)
    with triggers_lifted():
        Transaction.objects.filter(key="p").update(kind="gift")
    code, said = verified(capsys)
    assert (code, "Transaction p is not as it was sealed in block 1." in said, "broken in 1 places" in said) == (
        1,
        True,
        True,
    )


def test_a_ledger_that_nobody_seals(capsys: pytest.CaptureFixture[str]) -> None:
    with travel(timezone.now() - timedelta(minutes=2)):
        make_buyer()
    code, said = verified(capsys)
    assert (code, "nothing is being sealed" in said) == (3, True)


def test_a_key_that_can_not_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    sealing_keys.key_path().write_text("no key")
    code, said = verified(capsys)
    assert (code, "holds no private key" in said) == (2, True)


def test_one_payment_is_shown_with_what_followed(capsys: pytest.CaptureFixture[str]) -> None:
    pay(make_buyer(), make_user())
    pay(make_buyer(), make_user(), "another")
    services.refund(key="r", payment_key="p", amount_micro=CREDIT)
    shown = []
    for name in ("p:hold", "r", str(Transaction.objects.get(key="p").pk)):
        call_command("show_ledger", name)
        shown.append(capsys.readouterr().out)
    assert (shown[0] == shown[1] == shown[2], "another" in shown[0]) == (True, False)
    assert [
        word for word in ("settles p:hold", "about p", "+21,000", "version:7", "creator") if word not in shown[0]
    ] == []


def test_a_generation_is_shown_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    generation = order(make_buyer())
    call_command("show_ledger", str(generation.pk))
    assert f"generation:{generation.pk}:hold" in capsys.readouterr().out


@pytest.mark.parametrize("key", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_what_does_not_exist_is_said(key: str) -> None:
    with pytest.raises(CommandError, match="No transaction has the key"):
        call_command("show_ledger", key)


def irodori(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    shell = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DJANGO_"))}
    command = [sys.executable, "-m", "hub.cli", "ledger", *arguments]
    return subprocess.run(command, env={**shell, **settings}, capture_output=True, text=True, check=False)


def test_a_key_is_made_once_and_printed_again(tmp_path: Path) -> None:
    file = tmp_path / "new.pem"
    made = irodori("new-key", str(file))
    assert (made.returncode, file.stat().st_mode & 0o777) == (0, 0o600)
    key = read_key(file).public_key()
    assert made.stdout.strip() == public_text(key)
    assert key_id(read_public(made.stdout.strip())) == key_id(key)
    again = irodori("new-key", str(file))
    assert (again.returncode, "No key was written" in again.stderr, read_key(file).public_key()) == (1, True, key)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", "new.pem"]


def test_a_database_without_tables_is_said_in_one_sentence(tmp_path: Path) -> None:
    found = irodori("verify", HUB_DATA_DIR=str(tmp_path))
    assert (found.returncode, "The ledger can't be read: no such table" in found.stderr) == (2, True), found


def test_the_deployment_check_wants_a_key() -> None:
    assert sealing_has_a_key() == []
    sealing_keys.key_path().unlink()
    assert [error.id for error in sealing_has_a_key()] == ["ledger.E001"]
