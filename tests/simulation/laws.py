"""The laws of money. Each says in a sentence what breaks it."""

from collections import defaultdict
from collections.abc import Iterator

from marketplace.ledger.balances import balance_of
from tests.simulation.books import Books, Entry

ENDINGS = {"succeeded": {"capture"}, "failed": {"expire", "void"}, "cancelled": {"expire", "void"}}
NEVER_BELOW_ZERO = {"wallet", "held", "pending"}
# A top-up that gave its credit, whatever the bank did later.
CREDITED = {"paid", "disputed", "charged_back"}
EARNED = {"pending", "earnings", "platform_revenue"}


class BrokenLawError(Exception):
    """A sentence that says which, and where."""


def check(paid: set[str]) -> None:
    """Raises BrokenLawError with every law that is broken; `paid` are the top-ups that the provider was really paid."""
    books = Books(paid)
    if broken := [sentence for law in LAWS for sentence in law(books)]:
        raise BrokenLawError("; ".join(broken))


def _sums_are_zero(books: Books) -> Iterator[str]:
    sums: dict[str, int] = defaultdict(int)
    for entry in books.entries:
        sums[entry.key] += entry.amount
    yield from (f"{key} sums to {total}" for key, total in sums.items() if total)


def _no_account_is_overdrawn(books: Books) -> Iterator[str]:
    kinds = {entry.account: (entry.account_kind, entry.owner) for entry in books.entries}
    owing = {entry.account for entry in books.entries if entry.kind == "dispute"}
    for account, balance in books.balances.items():
        if balance < 0 and kinds[account][0] in NEVER_BELOW_ZERO and account not in owing:
            yield f"{kinds[account]} holds {balance}"


def _balances_equal_their_entries(books: Books) -> Iterator[str]:
    for account in books.checkpointed():
        if (told := balance_of(account)) != books.balances[account]:
            yield f"the balance of account {account} is {told}, its entries sum to {books.balances[account]}"


def _each_top_up_is_credited_once(books: Books) -> Iterator[str]:
    credited: dict[str, int] = defaultdict(int)
    for entry in books.entries:
        if entry.kind == "top_up" and entry.account_kind == "wallet":
            credited[entry.key.split(":")[1]] += entry.amount
    for pk, state, amount in books.top_ups:
        if credited.pop(pk, 0) != (amount if state in CREDITED else 0):
            yield f"top-up {pk} ({state}) of {amount} was credited otherwise"
        if state in CREDITED and pk not in books.really_paid:
            yield f"top-up {pk} counts as paid, and nobody paid it"
    yield from (f"{key} was credited though nobody ordered it" for key in credited)


def _each_image_is_held_and_ended_once(books: Books) -> Iterator[str]:
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for entry in books.entries:
        if entry.key.startswith("generation:") and entry.about is None:
            found[entry.key.split(":")[1]].add((entry.kind, entry.key))
    for pk, state, _price in books.generations:
        kinds = sorted(kind for kind, _ in found[pk])
        ended = [kind for kind in kinds if kind != "hold"]
        wanted = ENDINGS.get(state, set())
        if kinds.count("hold") != 1 or len(ended) != bool(wanted) or not set(ended) <= wanted:
            yield f"generation {pk} ({state}) has {kinds}"


def _what_is_paid_is_the_price(books: Books) -> Iterator[str]:
    captured, sold = books.earned("capture"), books.earned("sale")
    for pk, state, price in books.generations:
        if state == "succeeded" and captured[f"generation:{pk}:settle"] != price:
            yield f"generation {pk} costs {price}, and its payees got {captured[f'generation:{pk}:settle']}"
    for pk, _kind, price in books.purchases:
        if sold[f"purchase:{pk}"] != price:
            yield f"purchase {pk} of {price} was paid otherwise"


def _creators_get_their_share(books: Books) -> Iterator[str]:
    """Within a micro-unit for each style: the exact share, rounded down or up."""
    got: dict[tuple[str, int | None], int] = defaultdict(int)
    for entry in books.entries:
        if entry.kind == "capture" and entry.role == "creator":
            got[entry.key, entry.owner] += entry.amount
    delivered = {pk for pk, state, _ in books.generations if state == "succeeded"}
    for pk, person, parts in books.due_to_creators():
        paid = got[f"generation:{pk}:settle", person]
        if pk in delivered and abs(paid * 10_000 - sum(parts)) >= 10_000 * len(parts):
            yield f"person {person} got {paid} of generation {pk}, due are {sum(parts) / 10_000}"


def _no_more_comes_back_than_was_paid(books: Books) -> Iterator[str]:
    """And of what is left, everyone has the fraction that they had of the whole, within a unit for each correction."""
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in books.entries:
        families[entry.about or entry.transaction].append(entry)
    for family in families.values():
        if any(entry.kind == "refund" for entry in family):
            yield from _unfair_refunds(family)


def _unfair_refunds(family: list[Entry]) -> Iterator[str]:
    whole: dict[tuple[int | None, str, str], int] = defaultdict(int)
    left: dict[tuple[int | None, str, str], int] = defaultdict(int)
    for entry in family:
        if entry.account_kind in EARNED:
            payee = (entry.owner, entry.role, entry.subject)
            left[payee] += entry.amount
            whole[payee] += entry.amount if entry.about is None else 0
    total, rest = sum(whole.values()), sum(left.values())
    corrections = len({entry.transaction for entry in family})
    for payee, amount in left.items():
        if amount < 0 or abs(amount * total - whole[payee] * rest) > corrections * total:
            yield f"of {total}, of which {rest} are left, {payee} got {whole[payee]} and has {amount}"


def _what_the_provider_owes_is_what_buyers_paid(books: Books) -> Iterator[str]:
    paid = sum(amount for _, state, amount in books.top_ups if state == "paid")
    if -books.kinds.get("provider_clearing", 0) != paid:
        yield f"the provider owes {-books.kinds.get('provider_clearing', 0)}, buyers paid {paid}"


def _what_is_held_is_for_images_to_come(books: Books) -> Iterator[str]:
    held = sum(price for _, state, price in books.generations if state in {"queued", "running"})
    if books.kinds.get("held", 0) != held:
        yield f"{books.kinds.get('held', 0)} is held for images that cost {held}"


LAWS = (
    _sums_are_zero,
    _no_account_is_overdrawn,
    _balances_equal_their_entries,
    _each_top_up_is_credited_once,
    _each_image_is_held_and_ended_once,
    _what_is_paid_is_the_price,
    _creators_get_their_share,
    _no_more_comes_back_than_was_paid,
    _what_the_provider_owes_is_what_buyers_paid,
    _what_is_held_is_for_images_to_come,
)
