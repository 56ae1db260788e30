"""Money for tests, moved the way real money is."""

from itertools import count

from django.db import transaction

from marketplace.accounts.models import User
from marketplace.ledger import services
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
