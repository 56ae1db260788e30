"""Purchases made before they kept a name get the one that is known."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from marketplace.orders.models import Purchase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def before() -> Iterator[Any]:
    """The apps as they were; afterwards the database is as it is now, whatever happened."""
    executor = MigrationExecutor(connection)
    yield executor.migrate([("orders", "0003_disputes")]).apps
    migrate_to_now()


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_an_old_purchase_is_named_after_what_it_was_of(before: Any) -> None:
    people = before.get_model("accounts", "User").objects
    creator = people.create(email="mara@example.org", display_name="Mara")
    buyer = people.create(email="kenji@example.org", display_name="Kenji")
    before.get_model("orders", "Purchase").objects.create(
        pk=uuid4(), buyer=buyer, kind="subscription", creator=creator, price_micro=10_000
    )

    migrate_to_now()

    assert Purchase.objects.get().name == "Mara"
