"""The only writer of the ledger. Every effect has a key; doing it again under the same key changes nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import structlog
from django.db import connection
from django.db.models import Q

from marketplace.ledger.balances import balance_of
from marketplace.ledger.errors import KeyReusedError, OverdraftError
from marketplace.ledger.lines import AccountName, Line, combined
from marketplace.ledger.models import Account, Entry, Transaction

log = structlog.get_logger(__name__)

# Money comes into being nowhere else: what the provider still owes us is below zero until it pays out.
MAY_GO_BELOW_ZERO = frozenset({Account.Kind.PROVIDER_CLEARING})


@dataclass(frozen=True)
class Link:
    """What a transaction refers to: the hold it `settles`, the payment it is `about`, when it `expires_at`."""

    settles: Transaction | None = None
    about: Transaction | None = None
    expires_at: datetime | None = None


def post(
    *, key: str, kind: str, lines: Iterable[Line], link: Link = Link(), may_overdraw: Collection[str] = ()
) -> Transaction:
    """Write one transaction. Runs inside the caller's transaction, so that the effect and its money stand together.

    `may_overdraw` names the kinds of account that a correction may take below zero.
    Raises ValueError for lines that don't sum to zero in one currency, KeyReusedError when the key stands for other
    lines, OverdraftError when an account would fall below zero.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Post inside transaction.atomic(): the row that caused the money must be saved with it.")
    wanted = _checked(lines)
    accounts = _accounts({line.account for line in wanted})
    changes = _changes(wanted)
    spent = {name for name, change in changes.items() if change < 0 and name.kind not in MAY_GO_BELOW_ZERO}
    _lock({accounts[name].pk for name in spent}, {account.pk for account in accounts.values()})
    if (existing := Transaction.objects.filter(key=key).first()) is not None:
        return _same_effect(existing, accounts, wanted)
    _refuse_overdraft({accounts[name]: changes[name] for name in spent if name.kind not in may_overdraw})
    posted = Transaction.objects.create(
        key=key, kind=kind, settles=link.settles, about=link.about, expires_at=link.expires_at
    )
    Entry.objects.bulk_create(_entry(posted, accounts[line.account], line) for line in wanted)
    log.info("ledger.posted", key=key, kind=kind, entries=len(wanted))
    return posted


def _entry(posted: Transaction, account: Account, line: Line) -> Entry:
    return Entry(
        transaction=posted, account=account, amount_micro=line.amount_micro, subject=line.subject, role=line.role
    )


def _checked(lines: Iterable[Line]) -> list[Line]:
    wanted = combined(lines)
    if not wanted or sum(line.amount_micro for line in wanted) != 0:
        raise ValueError("The entries of a transaction sum to zero, and there are some.")
    if len({line.account.currency for line in wanted}) != 1:
        raise ValueError("A transaction has one currency: the ledger never converts.")
    return wanted


def _changes(wanted: Iterable[Line]) -> dict[AccountName, int]:
    changes: dict[AccountName, int] = {}
    for line in wanted:
        changes[line.account] = changes.get(line.account, 0) + line.amount_micro
    return changes


def _accounts(names: set[AccountName]) -> dict[AccountName, Account]:
    """The accounts, created where missing."""
    stand = {name_of(account): account for account in Account.objects.filter(reduce(or_, map(_that, names)))}
    missing = sorted(names - stand.keys())
    return stand | {name: Account.objects.get_or_create(**_fields(name))[0] for name in missing}


def _fields(name: AccountName) -> dict[str, Any]:
    return {
        "kind": name.kind,
        "owner_id": name.owner_id or None,
        "organisation_id": name.organisation_id or None,
        "currency": name.currency,
    }


def _that(name: AccountName) -> Q:
    return Q(**_fields(name))


def name_of(account: Account) -> AccountName:
    return AccountName(account.kind, account.owner_id or 0, account.currency, account.organisation_id or 0)


def _lock(spent: set[int], all_of_them: set[int]) -> None:
    """Lock what is spent from against other spenders, always in the same order; the rest against checkpoints alone.

    The first lock makes a wallet's balance and the entry that spends it one step, and leaves an account that only
    gains (a creator with every sale) free for all. SQLite has no row locks: there the whole IMMEDIATE transaction is
    the lock.
    """
    if connection.vendor != "postgresql":
        return
    list(Account.objects.select_for_update(no_key=True).filter(pk__in=spent).order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ledger_account WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [sorted(all_of_them)]
        )


def _same_effect(existing: Transaction, accounts: dict[AccountName, Account], wanted: list[Line]) -> Transaction:
    stands = {(entry.account_id, entry.subject, entry.role): entry.amount_micro for entry in existing.entries.all()}
    asked = {(accounts[line.account].pk, line.subject, line.role): line.amount_micro for line in wanted}
    if stands != asked:
        raise KeyReusedError(existing.key)
    return existing


def _refuse_overdraft(spent: dict[Account, int]) -> None:
    for account, change in spent.items():
        balance = balance_of(account.pk)
        if balance + change < 0:
            raise OverdraftError(-(balance + change))
