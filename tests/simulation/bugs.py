"""Ten mistakes that were once made somewhere, each switched on alone, to see that the laws find them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.db import transaction

from marketplace.generation import lifecycle, settlement
from marketplace.ledger import balances, corrections, holdback, posting, services
from marketplace.ledger.lines import Line, platform_revenue, wallet
from marketplace.ledger.models import Checkpoint, Entry, Transaction
from marketplace.ledger.posting import Link, post
from marketplace.ledger.standing import returned, standing
from marketplace.orders import events, purchases
from marketplace.orders import services as orders
from marketplace.payouts import parts, plans
from plugins.sandbox_payments import provider

Bug = Callable[[], AbstractContextManager[Any]]


def wallets_may_be_overdrawn() -> AbstractContextManager[Any]:
    return patch.object(posting, "_missing", lambda _spent: 0)


def a_second_event_credits_again() -> AbstractContextManager[Any]:
    outcome = patch.object(orders, "outcome_of", lambda event, top_up: events.Outcome.PAID if top_up else "unknown")
    key = patch.object(orders, "top_up_key", lambda top_up: f"top_up:{top_up.pk}:{uuid4()}")
    return _both(outcome, key)


def webhooks_are_not_verified() -> AbstractContextManager[Any]:
    return patch.object(provider, "verify", lambda _secret, headers, _body, _now: headers["webhook-id"])


def a_failed_image_keeps_its_hold() -> AbstractContextManager[Any]:
    return patch.object(settlement, "release", lambda _generation: None)


def a_cancelled_image_is_still_delivered() -> AbstractContextManager[Any]:
    everything = lambda generation: type(generation).objects.filter(pk=generation.pk)  # noqa: E731 - a one-line fake
    anything = lambda message: lifecycle._current(message)  # noqa: E731 - as above
    return _both(patch.object(lifecycle, "_same", everything), patch.object(lifecycle, "_open", anything))


def rounding_loses_units() -> AbstractContextManager[Any]:
    def floors(total: int, weights: Sequence[int]) -> list[int]:
        return [total * weight // sum(weights) for weight in weights]

    return patch.object(plans, "apportion", floors)


def a_refund_is_taken_from_the_platform_alone() -> AbstractContextManager[Any]:
    def taken(wanted: int, stands: list[Line]) -> list[Line]:
        return [Line(platform_revenue(stands[0].account.currency), wanted, stands[0].subject, "platform")]

    return patch.object(corrections, "_parts", taken)


def earnings_are_released_twice() -> AbstractContextManager[Any]:
    def release(earning: Transaction) -> None:
        waiting = [line for line in standing(earning) if line.account.kind == "pending"] or [
            replace(line, account=line.account._replace(kind="pending"))
            for line in standing(earning)
            if line.account.kind == "earnings"
        ]
        if waiting:
            lines = [*returned(waiting), *map(holdback._available, waiting)]
            link = Link(about=earning)
            with transaction.atomic():
                post(key=f"{uuid4()}", kind="release", lines=lines, link=link, may_overdraw=("pending",))

    return patch.object(holdback, "_release", release)


def a_checkpoint_forgets_the_last_entry() -> AbstractContextManager[Any]:
    def add(account_id: int) -> None:
        last = Entry.objects.filter(account_id=account_id).order_by("-id").first()
        if last is not None:
            balance = balances.balance_of(account_id) - last.amount_micro
            fields = {"balance_micro": balance}
            Checkpoint.objects.get_or_create(account_id=account_id, entry_id=last.pk, defaults=fields)

    return patch.object(services, "add_checkpoint", add)


def one_quote_is_charged_twice() -> AbstractContextManager[Any]:
    original = purchases._pay

    def pay(number: Any, buyer: Any, wanted: Any, price_micro: int) -> Any:
        purchase = original(number, buyer, wanted, price_micro)
        lines = parts.payee_lines(price_micro, wanted.plan, sold=wanted.subject, currency="USD")
        with transaction.atomic():
            post(
                key=f"again:{uuid4()}",
                kind="sale",
                lines=[*lines, Line(wallet(buyer.pk), -price_micro)],
                may_overdraw=("wallet",),
            )
        return purchase

    return patch.object(purchases, "_pay", pay)


BUGS: dict[str, Bug] = {
    bug.__name__: bug
    for bug in (
        wallets_may_be_overdrawn,
        a_second_event_credits_again,
        webhooks_are_not_verified,
        a_failed_image_keeps_its_hold,
        a_cancelled_image_is_still_delivered,
        rounding_loses_units,
        a_refund_is_taken_from_the_platform_alone,
        earnings_are_released_twice,
        a_checkpoint_forgets_the_last_entry,
        one_quote_is_charged_twice,
    )
}


@contextmanager
def _both(*patches: AbstractContextManager[Any]) -> Iterator[None]:
    with patches[0], patches[1]:
        yield
