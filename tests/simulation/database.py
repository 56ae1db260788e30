"""An in-memory SQLite with the people and styles of a simulation, made once and put back before each history."""

import sqlite3

from django.core.management import call_command
from django.db import connection
from django.test.utils import override_settings

from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.terms import Contributor, ContributorKind
from marketplace.orders.models import SubscriptionOffer, TopUp
from marketplace.orders.services import receive_webhook, start_top_up
from tests.factories.accounts import make_user
from tests.factories.generation import echo_version
from tests.factories.payouts import make_library
from tests.simulation.actions import URL, signed_webhook
from tests.simulation.world import START, World, at

BUYERS, CREATORS = 3, 3


def prepared() -> sqlite3.Connection:
    """A copy of the fresh database, as it is before each history."""
    with at(START), override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        call_command("migrate", verbosity=0)
        _populate()
    pristine = sqlite3.connect(":memory:")
    connection.ensure_connection()
    connection.connection.backup(pristine)
    return pristine


def fresh_world(pristine: sqlite3.Connection) -> World:
    pristine.backup(connection.connection)
    people = list(User.objects.order_by("pk"))
    versions = list(StyleVersion.objects.select_related("style__creator").order_by("pk"))
    paid = {str(pk) for pk in TopUp.objects.values_list("pk", flat=True)}
    return World(people[:BUYERS], people[BUYERS : BUYERS + CREATORS], versions, paid=paid)


def _populate() -> None:
    """A lineage of three with a library, prices that don't divide evenly, and a subscription for each creator."""
    for _ in range(BUYERS):
        _with_credit(make_user())
    first, second, third = (make_user() for _ in range(CREATORS))
    library = (Contributor(ContributorKind.LIBRARY, make_library().slug, 1_234),)
    shared = {"may_be_merged": True, "may_be_resold": True, "download_price_micro": 1_234_567}
    root = echo_version(creator=first, price_micro=9_999, derivatives_share_bp=1_111, contributors=library, **shared)
    child = echo_version(creator=second, price_micro=10_001, derivatives_share_bp=777, parents=[root], **shared)
    echo_version(creator=third, price_micro=33_333, creator_share_bp=8_999, parents=[child, root], **shared)
    for creator in (first, second, third):
        SubscriptionOffer.objects.create(creator=creator, price_micro=777_777)


def _with_credit(buyer: User) -> None:
    """By a top-up of its own, as the laws ask of all credit."""
    start_top_up(buyer=buyer, amount_micro=2_000_000, return_url=URL, webhook_url=URL)
    order = TopUp.objects.get(buyer=buyer)
    webhook = signed_webhook(order, 0, order.amount_micro)
    receive_webhook(provider="sandbox", headers=webhook.headers, body=webhook.body)
