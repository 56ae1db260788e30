"""How often an order asks the database: every statement more is paid for by every order."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.tokens import create_token
from marketplace.generation.models import Generation
from tests.factories.accounts import make_user, program_with
from tests.factories.generation import PROMPT, echo_version
from tests.factories.ledger import give_credit

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stack,
    pytest.mark.services,
    pytest.mark.usefixtures("broker"),
]
TABLE = re.compile(r'(?:FROM|INTO|UPDATE) "?(\w+)')

SAVED = {
    "postgresql": ["WITH generation_generation"],
    "sqlite": ["INSERT generation_generation", "INSERT generation_generationadapter"],
}
PLACE_IN_THE_QUEUE = {  # which PostgreSQL tells with what is saved
    "postgresql": [],
    "sqlite": ["SELECT generation_generation"],
}
POSTED = {
    # The first locks the wallet and finds where its balance was counted up to.
    "postgresql": ["WITH ledger_checkpoint", "SELECT ledger_entry", "WITH ledger_transaction"],
    "sqlite": ["WITH ledger_checkpoint", "SELECT ledger_entry", "INSERT ledger_transaction", "INSERT ledger_entry"],
}
READ = {
    # The first two ask whether anything has changed.
    "postgresql": ["SELECT accounts_credential", "SELECT catalogue_basemodel", "SELECT rights_optoutlist"],
    "sqlite": [
        "SELECT accounts_credential",
        "SELECT catalogue_basemodel",
        "SELECT payouts_plan",
        "SELECT catalogue_styleversion",
        "SELECT payouts_share",
        "SELECT rights_optoutlist",
    ],
}


def test_an_order_asks_no_more_than_this() -> None:
    version, buyer = echo_version(), give_credit(make_user(), 100)
    program = program_with(create_token(user=buyer)[1])
    body = {"base_model": "echo", "prompt": PROMPT, "adapters": [{"version": version.pk, "weight": 0.8}]}
    for _ in range(4):  # what is known from before costs less
        with CaptureQueriesContext(connection) as asked:
            answer = program.post("/api/v1/generations", body, content_type="application/json")
        assert answer.status_code == 201
    assert [_in_short(query["sql"]) for query in asked] == [
        *READ[connection.vendor],
        "BEGIN",
        *SAVED[connection.vendor],
        *POSTED[connection.vendor],
        "COMMIT",
        *PLACE_IN_THE_QUEUE[connection.vendor],
    ]
    assert set(Generation.objects.values_list("times_sent", flat=True)) == {1}


def _in_short(sql: str) -> str:
    table = TABLE.search(sql)
    return " ".join(filter(None, [sql.split()[0], table and table[1]]))
