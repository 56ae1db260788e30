"""Blocks over what is committed, and that no change of a sealed row goes unseen."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils import timezone
from time_machine import TimeMachineFixture

from hub.signing import SigningKeyError, key_id, make_key
from marketplace.accounts.models import User
from marketplace.ledger import services, tasks
from marketplace.ledger.append_only import protect, unprotect
from marketplace.ledger.lines import Line, clearing, wallet
from marketplace.ledger.models import Account, Block, Checkpoint, Entry, Seal, Transaction
from marketplace.ledger.sealing import keys, sealer
from marketplace.ledger.sealing.keys import Keyring
from marketplace.ledger.sealing.sealer import seal_waiting
from marketplace.ledger.sealing.waiting import Look, Waiting, waiting
from tests.factories.accounts import make_user
from tests.factories.ledger import CREDIT, make_buyer, pay
from tests.factories.sealing import KEYS, faults

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """As somebody could who owns the database."""
    unprotect(connection)
    try:
        yield
    finally:
        protect(connection)


def a_ledger() -> tuple[User, User]:
    """A payment, refunded in part, in two blocks, with a checkpoint and a hold that is still open."""
    buyer, creator = make_buyer(10), make_user()
    pay(buyer, creator)
    seal_waiting(KEYS)
    services.refund(key="r", payment_key="p", amount_micro=CREDIT)
    services.hold(key="open", buyer_id=buyer.pk, amount_micro=CREDIT, expires_at=timezone.now())
    services.add_checkpoint(buyer.ledger_accounts.get(kind="wallet").pk)
    seal_waiting(KEYS)
    return buyer, creator


def test_everything_is_sealed_once_in_order_and_holds() -> None:
    a_ledger()
    seals = Seal.objects.order_by("block", "position").values_list("transaction__key", "block", "position")
    top_up = Transaction.objects.get(kind="top_up").key
    assert list(seals) == [(top_up, 1, 0), ("p:hold", 1, 1), ("p", 1, 2), ("r", 2, 0), ("open", 2, 1)]
    assert (seal_waiting(KEYS), Block.objects.count(), faults()) == (0, 2, [])


def test_blocks_are_of_a_size_and_late_comers_come_into_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "PER_BLOCK", 2)
    buyer = make_buyer()
    for number in range(4):
        services.hold(key=f"h{number}", buyer_id=buyer.pk, amount_micro=CREDIT)
    late = Transaction.objects.get(key="h0")
    with triggers_lifted():
        Transaction.objects.filter(pk=late.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    assert seal_waiting(KEYS) == 5
    with triggers_lifted():
        late.seal.delete()
        Transaction.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(seconds=4))
        Block.objects.filter(number=3).delete()
    assert seal_waiting(KEYS) == 1
    assert list(Block.objects.order_by("number").values_list("number", "count")) == [(1, 2), (2, 2), (3, 1)]
    assert faults() == []


@pytest.mark.parametrize(
    ("late", "found"),
    [({"seconds": 7}, {Look.LATE, Look.ALL}), ({"minutes": 59}, {Look.LATE, Look.ALL}), ({"hours": 3}, {Look.ALL})],
)
@pytest.mark.parametrize("look", Look)
def test_what_committed_late_is_found_by_a_look_further_back(
    look: Look, late: dict[str, float], found: set[Look]
) -> None:
    buyer = make_buyer()
    seal_waiting(KEYS)
    services.hold(key="late", buyer_id=buyer.pk, amount_micro=CREDIT)
    with triggers_lifted():
        Transaction.objects.filter(key="late").update(created_at=timezone.now() - timedelta(**late))
    expected = int(look in found)
    assert (seal_waiting(KEYS), waiting(look).count, seal_waiting(KEYS, look)) == (0, expected, expected)
    assert faults() == []


def test_the_lag_is_the_age_of_the_oldest_that_waits(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    buyer = make_buyer()
    time_machine.shift(3)
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    time_machine.shift(1)
    assert waiting() == Waiting(2, timedelta(seconds=4))
    seal_waiting(KEYS)
    assert waiting() == Waiting(0, timedelta(0))


def test_another_key_goes_on_where_the_earlier_one_stays_known() -> None:
    make_buyer()
    seal_waiting(KEYS)
    make_buyer()
    new = Ed25519PrivateKey.generate()
    with pytest.raises(SigningKeyError, match="HUB_LEDGER_PUBLIC_KEYS"):
        seal_waiting(Keyring(new))
    assert KEYS.current is not None
    both = Keyring(new, (KEYS.current.public_key(),))
    assert (seal_waiting(both), faults(both)) == (1, [])
    assert faults(KEYS) == [f"Block 2 is signed by key {key_id(new.public_key())}, which is not among ours."]


def test_without_a_key_nothing_is_sealed_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    make_buyer()
    tasks._say_once.cache_clear()
    tasks.seal()
    tasks.seal()
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert ["irodori ledger new-key" in sentence for sentence in said] == [True]
    assert Block.objects.count() == 0


def test_the_task_seals_with_the_key_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "key_path", lambda: tmp_path / "key.pem")
    made = make_key(tmp_path / "key.pem")
    make_buyer()
    tasks.seal()
    assert (Block.objects.get().key_id, faults(Keyring(made))) == (key_id(made.public_key()), [])


def test_the_database_refuses_to_change_blocks_and_seals() -> None:
    a_ledger()
    changes: list[Callable[[], object]] = [
        lambda: Block.objects.update(count=1),
        lambda: Seal.objects.update(salt="0"),
        lambda: Seal.objects.all()._raw_delete("default"),
    ]
    for change in changes:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_seal_each_transaction_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "PER_BLOCK", 5)
    buyer = make_buyer()
    with transaction.atomic():
        for number in range(40):
            services.hold(key=f"h{number}", buyer_id=buyer.pk, amount_micro=CREDIT)
    together, counts, errors = threading.Barrier(3), [], []

    def seal() -> None:
        try:
            together.wait()
            counts.append(seal_waiting(KEYS))
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, sum(counts), Seal.objects.count(), faults()) == ([], 41, 41, [])


def test_sums_holds_checkpoints_and_balances_are_checked_of_what_is_not_sealed_too() -> None:
    buyer = make_buyer(10)
    services.hold(key="h", buyer_id=buyer.pk, amount_micro=CREDIT)
    services.void(key="v", hold_key="h")
    services.add_checkpoint(buyer.ledger_accounts.get(kind="held").pk)
    assert faults() == []
    with triggers_lifted():
        Entry.objects.filter(transaction__key="h", account__kind="held").update(amount_micro=9_000)
    holder = f"held person:{buyer.pk} USD"
    last = Entry.objects.get(transaction__key="v", account__kind="held").pk
    assert faults() == [
        "Transaction h sums to -1000 in 1 currencies, not to zero in one.",
        "Transaction v ends a hold of 9000 and releases 10000.",
        f"The checkpoint of {holder} up to {last}: 0 should be -1000.",
        f"Account {holder} is at -1000.",
    ]


@pytest.mark.parametrize(("kind", "expected"), [("dispute", 0), ("theft", 1)])
def test_a_wallet_owes_only_after_a_dispute(kind: str, expected: int) -> None:
    buyer = make_buyer(1)
    lines = [Line(wallet(buyer.pk), -2 * CREDIT), Line(clearing(), 2 * CREDIT)]
    services.post(key="d", kind=kind, lines=lines, may_overdraw=("wallet",))
    assert len(faults()) == expected


MODELS: list[Any] = [Transaction, Entry, Account, Block, Seal, Checkpoint]
# The database itself keeps ids that others refer to. When a checkpoint was made is no promise.
FIELDS = [
    (model, field)
    for model in MODELS
    for field in model._meta.concrete_fields
    if (not field.primary_key or model is Entry) and (model, field.name) != (Checkpoint, "created_at")
]


def other(value: Any, field: Any) -> Any:
    """A value of the same kind that is another one, None where there is none."""
    if isinstance(field, models.ForeignKey):
        return field.related_model._default_manager.exclude(pk=value).order_by("pk").values_list("pk", flat=True).last()
    if isinstance(field, models.DateTimeField):
        return timezone.now() if value is None else value + timedelta(microseconds=1)
    if isinstance(field, models.IntegerField):
        return value + 1_000
    return f"{'1' if value[:1] == '0' else '0'}{value[1:]}"


@contextmanager
def tampered() -> Iterator[None]:
    """Whoever owns the database can lift the triggers. All is as before when the block ends."""
    with triggers_lifted():
        point = transaction.savepoint()
        yield
        transaction.savepoint_rollback(point)


def test_any_change_of_any_sealed_row_is_found() -> None:
    """Every field of every row, but for what a constraint refuses even then."""
    a_ledger()
    unseen, refused, found = [], 0, 0
    for model, field in FIELDS:
        for row in model.objects.order_by("pk"):
            value = other(getattr(row, field.attname), field)
            with tampered():
                try:
                    with transaction.atomic():
                        changed = value is not None and model.objects.filter(pk=row.pk).update(**{field.attname: value})
                except IntegrityError:
                    changed, refused = False, refused + 1
                if changed and not faults():
                    unseen.append((field, row))
                found += bool(changed)
    assert (unseen, found > 140, refused < 10) == ([], True, True)
    assert faults() == []


def test_an_entry_or_a_seal_that_is_gone_is_missed() -> None:
    a_ledger()
    unseen = []
    rows: list[Any] = [*Entry.objects.all(), *Seal.objects.all()]
    for row in rows:
        with tampered():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")
            if not faults():
                unseen.append(row)
    assert unseen == []


def test_a_block_that_is_gone_is_missed() -> None:
    a_ledger()
    with triggers_lifted():
        Seal.objects.filter(block=1)._raw_delete("default")
        Block.objects.filter(number=1)._raw_delete("default")
    assert faults() == ["Block 1 is missing."]
