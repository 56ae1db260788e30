"""The SDK's own check of a proof agrees with the hub's, and fails on whatever is changed."""

import json
from pathlib import Path

import pytest

from hub.signing import make_key
from irodori_client import DamagedError
from irodori_client.models import Proof, PublicKeys
from irodori_client.proofs import verify
from marketplace.accounts.models import User
from marketplace.ledger import services
from marketplace.ledger.models import Transaction
from marketplace.ledger.sealing import keys as sealing_keys
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from tests.factories.accounts import make_user
from tests.factories.ledger import make_buyer, pay
from tests.unit.sdk.conftest import Hub

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    monkeypatch.setattr(sealing_keys, "key_path", lambda: tmp_path / "key.pem")
    return Keyring(make_key(tmp_path / "key.pem"))


@pytest.fixture
def paid(keys: Keyring) -> tuple[User, Transaction]:
    """A buyer, and a payment that is sealed among four other movements."""
    buyer = make_buyer(10)
    payment = pay(buyer, make_user(), subject="")
    for number in range(3):
        services.hold(key=f"h{number}", buyer_id=buyer.pk, amount_micro=1)
    seal_waiting(keys)
    return buyer, payment


def test_a_proof_that_the_hub_gives_holds(hub: Hub, paid: tuple[User, Transaction]) -> None:
    buyer, payment = paid
    proof = hub.do(buyer, lambda client: client.ledger.proof(payment.pk))
    known = hub.do(None, lambda client: client.ledger.keys())
    [block] = hub.do(None, lambda client: client.ledger.blocks())
    movement = verify(proof, known)
    assert (movement.kind, movement.block, movement.key_id) == ("capture", 1, known.keys[0].kid)
    assert [entry["amount_micro"] for entry in movement.entries] == [
        json.loads(entry)["amount_micro"] for entry in proof.entries
    ]
    assert (block.block, block.signature) == (proof.block, proof.signature)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda proof: {"entries": ()}, "No entry"),
        (lambda proof: {"entries": (proof.entries[0].replace("micro", "macro"),)}, "does not belong"),
        (lambda proof: {"leaf": proof.leaf.replace("capture", "refund")}, "not in the block"),
        (lambda proof: {"path": (*proof.path, proof.path[0])}, "not in the block"),
        (lambda proof: {"path": proof.path[1:]}, "not in the block"),
        (lambda proof: {"position": proof.position + 1}, "not in the block"),
        (lambda proof: {"position": 9}, "not in the block"),
        (lambda proof: {"block": proof.block.replace('"number":1', '"number":2')}, "signature does not fit"),
        (lambda proof: {"signature": "A" * 86}, "signature does not fit"),
        (lambda proof: {"leaf": "[]"}, "not written"),
        (lambda proof: {"block": "{"}, "not written"),
    ],
)
def test_whatever_is_changed_does_not_hold(hub: Hub, paid: tuple[User, Transaction], change, said: str) -> None:  # type: ignore[no-untyped-def]  # a table of lambdas
    buyer, payment = paid
    proof: Proof = hub.do(buyer, lambda client: client.ledger.proof(payment.pk))
    known = hub.do(None, lambda client: client.ledger.keys())
    with pytest.raises(DamagedError, match=said):
        verify(proof.model_copy(update=change(proof)), known)


def test_a_key_that_was_not_kept_proves_nothing(hub: Hub, paid: tuple[User, Transaction]) -> None:
    buyer, payment = paid
    proof = hub.do(buyer, lambda client: client.ledger.proof(payment.pk))
    with pytest.raises(DamagedError, match="not among those given"):
        verify(proof, PublicKeys(keys=()))
