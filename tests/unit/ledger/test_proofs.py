"""Who gets which proof, and that it can be checked with what the documentation says, and nothing of ours."""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from django.test import Client

from hub.signing import jwk, key_id, make_key
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.ledger import services
from marketplace.ledger.lines import Line, pending, platform_revenue
from marketplace.ledger.models import Transaction
from marketplace.ledger.sealing import keys as sealing_keys
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT, make_buyer, pay
from tests.unit.pages.clients import signed_in

pytestmark = [pytest.mark.django_db]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """The key of the settings."""
    monkeypatch.setattr(sealing_keys, "key_path", lambda: tmp_path / "key.pem")
    return Keyring(make_key(tmp_path / "key.pem"))


@pytest.fixture
def paid(keys: Keyring) -> tuple[User, User, Transaction]:
    """A buyer, a creator, and the payment, sealed among others."""
    buyer, creator = make_buyer(10), make_user()
    payment = pay(buyer, creator, subject="")
    for number in range(4):
        services.hold(key=f"h{number}", buyer_id=buyer.pk, amount_micro=CREDIT)
    seal_waiting(keys)
    make_buyer()
    seal_waiting(keys)
    return buyer, creator, payment


def proof_of(person: User, transaction: Transaction) -> dict[str, Any]:
    answer: dict[str, Any] = signed_in(person).get(f"/api/v1/ledger/proofs/{transaction.pk}").json()
    return answer


def seen(person: User, transaction: Transaction) -> list[tuple[str, str, str]]:
    entries = map(json.loads, proof_of(person, transaction)["entries"])
    return [(entry["account"]["holder"], entry["account"]["kind"], entry["amount_micro"]) for entry in entries]


def test_everyone_sees_their_own_entries_and_staff_see_all(paid: tuple[User, User, Transaction]) -> None:
    buyer, creator, payment = paid
    theirs = [(f"person:{buyer.pk}", "held", "-30000")]
    creators = [(f"person:{creator.pk}", "pending", "21000")]
    staff = make_user()
    staff.is_staff = True
    staff.save()
    assert (seen(buyer, payment), seen(creator, payment)) == (theirs, creators)
    assert sorted(seen(staff, payment)) == sorted([*theirs, *creators, ("platform", "platform_revenue", "9000")])


def test_a_proof_holds_nothing_of_other_payees(paid: tuple[User, User, Transaction]) -> None:
    buyer, creator, payment = paid
    proof = proof_of(creator, payment)
    text = " ".join([*proof["entries"], proof["leaf"], proof["block"]])
    words = [f'"person:{buyer.pk}"', '"-30000"', '"9000"', '"platform"', f'"person:{creator.pk}"', '"21000"']
    assert [word for word in words if word in text] == words[-2:]
    assert len(json.loads(proof["leaf"])["entries"]) == 3


def test_members_see_what_their_organisation_earns(keys: Keyring) -> None:
    studio, member = Organisation.objects.create(name="Studio", slug="studio"), make_user()
    Membership.objects.create(organisation=studio, user=member)
    lines = [Line(pending(organisation_id=studio.pk), 5), Line(platform_revenue(), -5)]
    earned = services.post(key="o", kind="capture", lines=lines, may_overdraw=("platform_revenue",))
    seal_waiting(keys)
    assert seen(member, earned) == [(f"organisation:{studio.pk}", "pending", "5")]


def test_anothers_movement_answers_exactly_as_an_unknown_one(paid: tuple[User, User, Transaction]) -> None:
    stranger = signed_in()
    ids = (paid[2].pk, uuid4())
    answers = [stranger.get(f"/api/v1/ledger/proofs/{pk}") for pk in ids]
    assert answers[0].json() == answers[1].json()
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [stranger.get(f"/ledger/{pk}/").status_code for pk in ids] == [404, 404]
    assert Client().get(f"/api/v1/ledger/proofs/{paid[2].pk}").status_code == 401


def test_what_is_not_sealed_yet_says_so() -> None:
    buyer = make_buyer()
    posted = Transaction.objects.get()
    answer = signed_in(buyer).get(f"/api/v1/ledger/proofs/{posted.pk}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_sealed_yet")
    page = signed_in(buyer).get(f"/ledger/{posted.pk}/").content.decode()
    assert ("not sealed yet" in page, "1 movement on the hub waits" in page) == (True, True)


def test_anyone_may_keep_the_chain_and_the_keys(paid: tuple[User, User, Transaction], keys: Keyring) -> None:
    assert keys.current is not None
    public = keys.current.public_key()
    blocks = Client().get("/api/v1/ledger/blocks").json()
    assert [keys.verifies(key_id(public), each["signature"], each["block"]) for each in blocks] == [True, True]
    assert Client().get("/api/v1/ledger/blocks?first=2").json() == blocks[1:]
    assert Client().get("/api/v1/ledger/blocks?first=x").status_code == 400
    published = Client().get("/.well-known/irodori-ledger-keys.json").json()
    assert published == {"keys": [{**jwk(public), "kid": key_id(public), "use": "sig", "alg": "EdDSA"}]}


def test_wallet_and_earnings_lead_to_the_proof(paid: tuple[User, User, Transaction]) -> None:
    buyer, creator, payment = paid
    hold = Transaction.objects.get(key="p:hold")
    assert f'href="/ledger/{hold.pk}/"' in signed_in(buyer).get("/wallet/").content.decode()
    assert f'href="/ledger/{payment.pk}/"' in signed_in(creator).get("/earnings/").content.decode()
    assert "js/proof.js" in signed_in(creator).get(f"/ledger/{payment.pk}/").content.decode()


def documented_program(folder: Path, proof: dict[str, Any]) -> list[str]:
    """The program of docs/explanation/proofs.md with its files, as one would call it."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs/explanation/proofs.md").read_text(), re.DOTALL)
    assert found is not None
    files = {
        folder / "check.py": found[1],
        folder / "proof.json": json.dumps(proof),
        folder / "keys.json": Client().get("/.well-known/irodori-ledger-keys.json").content.decode(),
    }
    for file, text in files.items():
        file.write_text(text)
    return list(map(str, files))


def test_the_documented_program_accepts_the_proof(paid: tuple[User, User, Transaction], tmp_path: Path) -> None:
    _, creator, payment = paid
    command = [sys.executable, "-I", *documented_program(tmp_path, proof_of(creator, payment))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["capture: 21000 micro-USD to pending"]), done.stderr


ALTERED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a larger amount": lambda proof: {"entries": [proof["entries"][0].replace("21000", "22000")]},
    "no entry": lambda proof: {"entries": []},
    "another key of the movement": lambda proof: {"leaf": proof["leaf"].replace('"key":"p"', '"key":"q"')},
    "another position": lambda proof: {"position": proof["position"] + 1},
    "a position outside": lambda proof: {"position": 1_000},
    "a shorter path": lambda proof: {"path": proof["path"][:-1]},
    "a longer path": lambda proof: {"path": [*proof["path"], "00" * 32]},
    "another path": lambda proof: {"path": ["00" * 32, *proof["path"][1:]]},
    "another time": lambda proof: {"block": proof["block"].replace('"sealed_at":"2', '"sealed_at":"3')},
    "another signature": lambda proof: {"signature": "A" * 86},
}


@pytest.mark.parametrize("name", ALTERED)
def test_the_documented_program_refuses_what_was_altered(
    name: str, paid: tuple[User, User, Transaction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = proof_of(paid[1], paid[2])
    change = ALTERED[name](proof)
    assert {field: proof[field] for field in change} != change
    monkeypatch.setattr(sys, "argv", documented_program(tmp_path, {**proof, **change}))
    with pytest.raises((AssertionError, InvalidSignature)):
        runpy.run_path(sys.argv[0])
