"""The only writer of the ledger. Every effect has a key; doing it again under the same key changes nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection
from django.utils import timezone

from marketplace.ledger.balances import balance_since
from marketplace.ledger.errors import KeyReusedError, OverdraftError
from marketplace.ledger.lines import AccountName, Line, combined, fields_of
from marketplace.ledger.models import Account, Transaction
from marketplace.ledger.rows import (
    Found,
    FoundAccount,
    add_all_entries,
    add_posting,
    add_transactions,
    locked_accounts,
)

log = structlog.get_logger(__name__)

# Money comes into being nowhere else: what the provider still owes us is below zero until it pays out.
MAY_GO_BELOW_ZERO = frozenset({Account.Kind.PROVIDER_CLEARING})

# Rows of one statement: SQLite takes 32,766 values.
AT_ONCE = 500


@dataclass(frozen=True)
class Link:
    """What a transaction refers to: the hold it `settles`, the payment it is `about`, when it `expires_at`."""

    settles: Transaction | None = None
    about: Transaction | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Posting:
    """A transaction to be written, one of many."""

    key: str
    kind: str
    lines: tuple[Line, ...]
    link: Link


def post(
    *, key: str, kind: str, lines: Iterable[Line], link: Link = Link(), may_overdraw: Collection[str] = ()
) -> Transaction:
    """Write one transaction. Runs inside the caller's transaction, so that the effect and its money stand together.

    `may_overdraw` names the kinds of account that a correction may take below zero.
    Raises ValueError for lines that don't sum to zero in one currency, KeyReusedError when the key stands for other
    lines, OverdraftError when an account would fall below zero.
    """
    _require_a_transaction()
    wanted = _checked(lines)
    changes = _changes(wanted)
    spent = {name for name, change in changes.items() if change < 0 and name.kind not in MAY_GO_BELOW_ZERO}
    accounts = _locked(spent, changes.keys() - spent)
    missing = _missing({accounts[name]: -changes[name] for name in spent if name.kind not in may_overdraw})
    posted = _transaction(key, kind, link)
    if missing > 0 or not add_posting(posted, wanted, accounts):
        return _done_before(key, accounts, wanted, missing)
    log.info("ledger.posted", key=key, kind=kind, entries=len(wanted))
    return posted


def post_all(postings: Sequence[Posting]) -> None:
    """Write many transactions with a few statements, all or none; every key must be new.

    Raises ValueError as `post` does, KeyReusedError, and OverdraftError where an account can't pay all that they take
    from it: what they also give it does not count.
    """
    _require_a_transaction()
    wanted = [_checked(posting.lines) for posting in postings]
    spent: dict[AccountName, int] = {}
    for line in (line for lines in wanted for line in lines):
        spent[line.account] = spent.get(line.account, 0) + max(0, -line.amount_micro)
    spending = {name for name, amount in spent.items() if amount and name.kind not in MAY_GO_BELOW_ZERO}
    accounts = _locked(spending, spent.keys() - spending)
    missing = _missing({accounts[name]: spent[name] for name in spending})
    if missing > 0:
        raise OverdraftError(missing)
    posted = [_transaction(posting.key, posting.kind, posting.link) for posting in postings]
    for first in range(0, len(posted), AT_ONCE):
        part = posted[first : first + AT_ONCE]
        if add_transactions(part) != len(part):
            raise KeyReusedError(part[0].key)
        add_all_entries(list(zip(part, wanted[first : first + AT_ONCE], strict=True)), accounts)
    log.info("ledger.posted_together", transactions=len(posted))


def _require_a_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("Post inside transaction.atomic(): the row that caused the money must be saved with it.")


def _transaction(key: str, kind: str, link: Link) -> Transaction:
    return Transaction(
        key=key,
        kind=kind,
        created_at=timezone.now(),
        settles=link.settles,
        about=link.about,
        expires_at=link.expires_at,
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


def _locked(spent: Set[AccountName], gaining: Set[AccountName]) -> Found:
    """What is spent from is locked against other spenders, the rest against checkpoints alone.

    The first lock makes a wallet's balance and the entry that spends it one step, and leaves an account that only
    gains (a creator with every sale) free for all. Accounts that are missing are created.
    """
    found = locked_accounts(spent, gaining)
    missing = sorted((spent | gaining) - found.keys())
    if not missing:
        return found
    for name in missing:
        Account.objects.get_or_create(**fields_of(name))
    return _locked(spent, gaining)


def name_of(account: Account) -> AccountName:
    return AccountName(account.kind, account.owner_id or 0, account.currency, account.organisation_id or 0)


def _missing(spent: Mapping[FoundAccount, int]) -> int:
    """How much the account that is shortest lacks; not above zero where all have enough."""
    return max((wanted - balance_since(account) for account, wanted in spent.items()), default=0)


def _done_before(key: str, accounts: Found, wanted: list[Line], missing: int) -> Transaction:
    """The transaction of this key, which may itself have spent what is missing now."""
    existing = Transaction.objects.filter(key=key).first()
    if existing is None:
        raise OverdraftError(missing)
    stands = {(entry.account_id, entry.subject, entry.role): entry.amount_micro for entry in existing.entries.all()}
    asked = {(accounts[line.account].id, line.subject, line.role): line.amount_micro for line in wanted}
    if stands != asked:
        raise KeyReusedError(key)
    return existing
