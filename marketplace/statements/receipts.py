"""A buyer's receipts: what a payment was for, who got which part of it, and what came back. Read from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.errors import NotFound
from marketplace.generation.models import Generation, GenerationAdapter
from marketplace.generation.pricing import styles_used
from marketplace.generation.settlement import generation_of, settle_key
from marketplace.ledger.models import Account, Entry, Transaction
from marketplace.orders.goods import title_of
from marketplace.orders.models import Purchase
from marketplace.orders.selectors import purchase_of_payment
from marketplace.payouts.parts import SplitLine, split_lines
from marketplace.payouts.plans import Part, Payee
from marketplace.payouts.selectors import names_of

TOP_UP, CAPTURE, SALE = "top_up", "capture", "sale"
BUYERS_OWN = (Account.Kind.WALLET, Account.Kind.HELD)
GIVEN_BACK = ("refund", "reinstate")


@dataclass(frozen=True)
class ReceiptLine:
    what: str
    detail: str
    amount_micro: int


@dataclass(frozen=True)
class Returned:
    """What came back to the wallet; below zero where a refund was undone."""

    at: datetime
    amount_micro: int


@dataclass(frozen=True)
class Receipt:
    """`number` is the ledger's own id of the payment. `lines` sum to the total, and so does `split` where there is one."""

    number: UUID
    at: datetime
    buyer: str
    email: str
    lines: tuple[ReceiptLine, ...]
    total_micro: int
    currency: str
    split: tuple[SplitLine, ...]
    returned: tuple[Returned, ...]
    generation_id: UUID | None = None
    prompt: str = ""


def receipt_id(transaction: Transaction) -> UUID | None:
    """The receipt that a movement of a wallet belongs to; None for what was never charged."""
    if transaction.kind in {TOP_UP, SALE}:
        return transaction.pk
    paid: Transaction | None = getattr(transaction, "settled_by", None)
    return paid.pk if paid and paid.kind == CAPTURE else None


def receipt_of(buyer: User, number: UUID) -> Receipt:
    """Raises NotFound, also for another person's: who asks is not told that it exists."""
    payments = Transaction.objects.filter(
        pk=number,
        kind__in=(TOP_UP, CAPTURE, SALE),
        entries__account__owner=buyer,
        entries__account__kind__in=BUYERS_OWN,
    )
    payment = payments.first()
    if payment is None:
        raise NotFound(_("There is no such receipt among yours."), code="receipt_not_found")
    return _receipt(buyer, payment)


def receipt_of_generation(generation: Generation) -> UUID | None:
    """None until it is paid for."""
    paid = Transaction.objects.filter(key=settle_key(generation), kind=CAPTURE)
    return paid.values_list("pk", flat=True).first()


def _receipt(buyer: User, payment: Transaction) -> Receipt:
    entries = list(payment.entries.select_related("account").order_by("pk"))
    paid = [entry for entry in entries if entry.role] or [entry for entry in entries if entry.amount_micro > 0]
    total = sum(entry.amount_micro for entry in paid)
    generation = _generation(payment)
    return Receipt(
        number=payment.pk,
        at=payment.created_at,
        buyer=buyer.display_name,
        email=buyer.email,
        lines=_lines(buyer, payment, generation, total),
        total_micro=total,
        currency=entries[0].account.currency,
        split=_split(entry for entry in paid if entry.role),
        returned=_returned(payment),
        generation_id=generation.pk if generation else None,
        prompt=generation.prompt if generation else "",
    )


def _generation(payment: Transaction) -> Generation | None:
    wanted = generation_of(payment.key)
    found = Generation.objects.select_related("base_model").prefetch_related(styles_used())
    return found.filter(pk=wanted).first() if wanted else None


def _lines(
    buyer: User, payment: Transaction, generation: Generation | None, total_micro: int
) -> tuple[ReceiptLine, ...]:
    if payment.kind == TOP_UP:
        return (ReceiptLine(_("Credit for the wallet"), "", total_micro),)
    if generation is None:
        return (_purchase(purchase_of_payment(buyer, payment.key), total_micro),)
    size = {"width": generation.width, "height": generation.height, "steps": generation.steps}
    detail = _("%(width)s × %(height)s pixels, %(steps)s steps") % size
    computing = ReceiptLine(
        _("Computing on %(base)s") % {"base": generation.base_model.title}, detail, generation.compute_micro
    )
    return (computing, *map(_style, generation.adapters.all()))


def _purchase(purchase: Purchase | None, total_micro: int) -> ReceiptLine:
    if purchase is None:
        return ReceiptLine(_("Purchase"), "", total_micro)
    return ReceiptLine(title_of(purchase), str(purchase.get_kind_display()), total_micro)


def _style(use: GenerationAdapter) -> ReceiptLine:
    style = use.version.style
    what = _("Style “%(title)s”, version %(number)s") % {"title": style.title, "number": use.version.number}
    return ReceiptLine(what, _("by %(creator)s") % {"creator": style.creator.display_name}, use.price_micro)


def _split(entries: Iterable[Entry]) -> tuple[SplitLine, ...]:
    paid = [
        (Part(entry.role, Payee(entry.account.owner_id or 0, entry.account.organisation_id or 0)), entry.amount_micro)
        for entry in entries
    ]
    return split_lines(paid, names_of(part for part, _amount in paid))


def _returned(payment: Transaction) -> tuple[Returned, ...]:
    entries = Entry.objects.filter(
        transaction__about=payment, transaction__kind__in=GIVEN_BACK, account__kind=Account.Kind.WALLET
    )
    return tuple(
        Returned(at, amount)
        for at, amount in entries.order_by("pk").values_list("transaction__created_at", "amount_micro")
    )
