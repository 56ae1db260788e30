"""What stood before keys had scopes goes on: tokens work, organisations have accounts."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from knox.models import AuthToken

from marketplace.accounts.models import Credential, Organisation, User
from tests.factories.accounts import program_with

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("accounts", "0004_organisation_account")]


@pytest.fixture
def before() -> Iterator[Any]:
    """The apps as they were; afterwards the database is as it is now, whatever happened."""
    executor = MigrationExecutor(connection)
    yield executor.migrate(BEFORE).apps
    migrate_to_now()


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_tokens_and_organisations_are_carried_over(before: Any) -> None:
    user = before.get_model("accounts", "User").objects.create(email="old@example.org", display_name="Old")
    token, text = AuthToken.objects.create(User.objects.get(pk=user.pk))
    before.get_model("accounts", "TokenName").objects.create(token_id=token.digest, name="laptop")
    before.get_model("accounts", "Organisation").objects.create(name="Archive", slug="archive")

    migrate_to_now()

    key = Credential.objects.get()
    assert (key.account_id, key.name, key.scopes, key.created_at) == (user.pk, "laptop", ["everything"], token.created)
    assert text.startswith(key.label)
    assert program_with(text).get("/api/v1/wallet").status_code == 200
    assert program_with("sk-" + text).get("/v1/user/balance").status_code == 200
    organisation = Organisation.objects.get()
    assert organisation.account is not None
    assert (organisation.account.display_name, organisation.account.has_usable_password()) == ("Archive", False)
