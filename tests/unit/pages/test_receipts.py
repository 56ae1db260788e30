"""Receipts: what they say, as a page and as a PDF, and to whom alone."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from marketplace.generation import settlement
from marketplace.generation.models import Generation
from marketplace.ledger import services as ledger
from marketplace.ledger.models import Transaction
from marketplace.payouts.parts import SplitLine
from marketplace.statements.receipt_pdf import CJK_FONT, markup, receipt_pdf
from marketplace.statements.receipts import Receipt, ReceiptLine, Returned, receipt_of
from tests.factories.generation import PROMPT, buyer_of, echo_version, order, paid, payment_key
from tests.factories.ledger import make_buyer
from tests.unit.pages.clients import signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_a_receipt_says_what_was_paid_who_got_it_and_what_came_back() -> None:
    version = echo_version()
    made = paid(order(None, version))
    buyer = buyer_of(made)
    payment = Transaction.objects.get(key=payment_key(made))
    with transaction.atomic():
        ledger.refund(key="refund:1", payment_key=payment.key, amount_micro=5_050)
    creator = version.style.creator.display_name
    assert receipt_of(buyer, payment.pk) == Receipt(
        number=payment.pk,
        at=NOW,
        buyer=buyer.display_name,
        email=buyer.email,
        lines=(
            ReceiptLine("Computing on Echo", "64 × 64 pixels, 4 steps", 100),
            ReceiptLine(f"Style “{version.style.title}”, version 1", f"by {creator}", 10_000),
        ),
        total_micro=10_100,
        currency="USD",
        split=(
            SplitLine(creator, "creator", 7_000),
            SplitLine("Computation", "compute", 100),
            SplitLine("Irodori", "platform", 3_000),
        ),
        returned=(Returned(NOW, 5_050),),
        generation_id=made.pk,
        prompt=PROMPT,
    )


@time_machine.travel(NOW, tick=False)
def test_a_top_up_has_a_receipt_too() -> None:
    buyer = make_buyer(500)
    payment = Transaction.objects.get()
    found = receipt_of(buyer, payment.pk)
    assert (found.lines, found.total_micro, found.split, found.returned) == (
        (ReceiptLine("Credit for the wallet", "", 5_000_000),),
        5_000_000,
        (),
        (),
    )
    page = signed_in(buyer).get(reverse("pages:receipt", args=[payment.pk])).content.decode()
    assert ("500 credits" in page, "5.00 USD" in page) == (True, True)


def test_only_the_buyer_sees_a_receipt() -> None:
    version = echo_version()
    made = paid(order(None, version))
    payment = Transaction.objects.get(key=payment_key(made)).pk
    hold = Transaction.objects.get(key=f"generation:{made.pk}:hold").pk
    addresses = [reverse(f"pages:{name}", args=[payment]) for name in ("receipt", "receipt_file")]
    for address in addresses:
        assert signed_in(buyer_of(made)).get(address).status_code == 200
        # Not even a payee does, whom the ledger names in the same transaction.
        assert [signed_in(person).get(address).status_code for person in (version.style.creator, None)] == [404, 404]
        assert Client().get(address).status_code == 302
    for number in (hold, uuid4()):
        assert signed_in(buyer_of(made)).get(reverse("pages:receipt", args=[number])).status_code == 404


def test_the_wallet_leads_to_the_receipt_of_what_was_paid() -> None:
    buyer = make_buyer()
    delivered, cancelled, waiting = (order(buyer) for _ in range(3))
    paid(delivered)
    with transaction.atomic():
        settlement.release(cancelled)
    receipts: dict[str, list[tuple[UUID | None, UUID | None]]] = {}
    for movement in signed_in(buyer).get("/wallet/").context["movements"]:
        receipts.setdefault(movement.kind, []).append((movement.generation_id, movement.receipt))
    payment = Transaction.objects.get(key=payment_key(delivered)).pk
    top_up = Transaction.objects.get(kind="top_up").pk
    assert receipts == {
        "hold": [(waiting.pk, None), (cancelled.pk, None), (delivered.pk, payment)],
        "void": [(cancelled.pk, None)],
        "top_up": [(None, top_up)],
    }


def test_a_picture_leads_to_its_receipt_once_it_is_paid() -> None:
    made = order()
    buyer = buyer_of(made)
    waiting = signed_in(buyer).get(reverse("pages:generation", args=[made.pk])).content.decode()
    paid(made)
    Generation.objects.filter(pk=made.pk).update(state=Generation.State.SUCCEEDED)
    done = signed_in(buyer).get(reverse("pages:generation", args=[made.pk])).content.decode()
    address = reverse("pages:receipt", args=[Transaction.objects.get(key=payment_key(made)).pk])
    assert (address in done, "/receipts/" in waiting) == (True, False)


def test_the_pdf_is_the_same_each_time_and_holds_every_letter() -> None:
    made = paid(order(None, echo_version(), prompt="雨の中の赤い狐 <b>&amp; more</b> " + "長い言葉 " * 300))
    payment = Transaction.objects.get(key=payment_key(made)).pk
    found = receipt_of(buyer_of(made), payment)
    content = receipt_pdf(found)
    assert (content[:5], content == receipt_pdf(found)) == (b"%PDF-", True)
    assert (b"/HeiseiKakuGo-W5" in content, b"/Helvetica" in content) == (True, True)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("“Zoë” – 5 €", "“Zoë” – 5 €"),
        ("赤い狐, fox", f'<font name="{CJK_FONT}">赤い狐</font>, fox'),
        ("fox 🦊", f'fox <font name="{CJK_FONT}">〓</font>'),
        ("여우", f'<font name="{CJK_FONT}">〓〓</font>'),
    ],
)
def test_each_letter_is_set_in_a_font_that_has_it(text: str, printed: str) -> None:
    assert markup(text) == printed
