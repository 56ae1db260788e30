"""Money for tests, moved the way real money is."""

from itertools import count

from django.db import transaction

from marketplace.accounts.models import User
from marketplace.ledger import services
from marketplace.ledger.lines import Line, Role, pending, platform_revenue
from marketplace.ledger.models import Transaction
from tests.factories.accounts import make_user

CREDIT = 10_000
_numbers = count(1)


def give_credit(buyer: User, credits_: float) -> User:
    """As if the buyer had paid a top-up."""
    with transaction.atomic():
        services.top_up(key=f"top_up:test:{next(_numbers)}", buyer_id=buyer.pk, amount_micro=round(credits_ * CREDIT))
    return buyer


def make_buyer(credits_: float = 100) -> User:
    return give_credit(make_user(), credits_)


def pay(buyer: User, creator: User, key: str = "p", subject: str = "version:7") -> Transaction:
    """3 credits: 2.1 to the creator, 0.9 to the platform."""
    services.hold(key=f"{key}:hold", buyer_id=buyer.pk, amount_micro=3 * CREDIT)
    payees = [
        Line(pending(creator.pk), 21_000, subject, Role.CREATOR),
        Line(platform_revenue(), 9_000, subject, Role.PLATFORM),
    ]
    return services.settle(key=key, hold_key=f"{key}:hold", payees=payees)
