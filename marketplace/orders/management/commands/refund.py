"""`manage.py refund`: return a payment to its buyer, each payee giving back its part."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from marketplace.errors import Refusal
from marketplace.generation.models import Generation
from marketplace.generation.settlement import settle_key
from marketplace.ledger import services as ledger
from marketplace.orders.models import Purchase
from marketplace.orders.purchases import refund_purchase


class Command(BaseCommand):
    help = "Return what a delivered image or a purchase cost; running it twice returns it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=UUID, help="of the image or the purchase, as its receipt names it")

    def handle(self, *, id: UUID, **_: Any) -> None:  # noqa: A002 - the name of the argument
        try:
            self.stdout.write(_refunded(id))
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal


@transaction.atomic
def _refunded(number: UUID) -> str:
    if (purchase := Purchase.objects.filter(pk=number).first()) is not None:
        refund_purchase(purchase=purchase)
        return f"Returned: {purchase}."
    image = Generation.objects.filter(pk=number, state=Generation.State.SUCCEEDED, price_micro__gt=0).first()
    if image is None:
        raise CommandError("There is no delivered image and no purchase with this id.")
    ledger.refund(key=f"{settle_key(image)}:refund", payment_key=settle_key(image))
    return f"Returned: the image {image}."
