"""Nobody gains or loses a permission by the migration that makes policies of what stood in five columns."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from marketplace.catalogue.models import StyleVersion
from marketplace.licences.policy import Policy
from tests.factories.catalogue import make_version

BEFORE, AFTER = ("catalogue", "0008_files_and_early_access"), ("catalogue", "0009_one_policy")
OPEN = {"may_be_merged": True, "may_be_derived": True, "may_be_resold": True, "outputs_may_train": True}
# The licence and the old columns, and what they come to.
CASES: tuple[tuple[dict[str, Any], Policy], ...] = (
    ({"licence": "irodori-standard"}, Policy(commercial_use=True, credit_required=False)),
    (
        {"licence": "irodori-standard", "may_be_merged": True},
        Policy(commercial_use=True, credit_required=False, merging=True),
    ),
    ({"licence": "irodori-personal", "may_be_derived": True}, Policy(credit_required=False, derivatives=True)),
    ({"licence": "CC-BY-4.0"}, Policy(commercial_use=True, credit_required=True)),
    (
        {"licence": "CC-BY-SA-4.0", **OPEN},
        Policy(
            commercial_use=True,
            credit_required=True,
            merging=True,
            derivatives=True,
            resale_through_partners=True,
            training_on_outputs=True,
            opt_outs=(),
        ),
    ),
    ({"licence": "MIT"}, Policy(commercial_use=True, credit_required=True)),
    (
        {"licence": "CC0-1.0", "outputs_may_train": True},
        Policy(commercial_use=True, credit_required=False, training_on_outputs=True, opt_outs=()),
    ),
    ({"licence": "offered-no-more"}, Policy(credit_required=False)),
    (
        {"licence": "offered-no-more", "may_be_resold": True},
        Policy(commercial_use=True, credit_required=False, resale_through_partners=True),
    ),
)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_every_version_keeps_what_it_granted() -> None:
    # Whatever the rows say before, it is forgotten with their columns and said anew.
    ids = [make_version(**stated).pk for stated, _policy in CASES]
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([BEFORE])
        MigrationExecutor(connection).migrate([AFTER])
    finally:
        MigrationExecutor(connection).migrate(leaves)
    policies = [StyleVersion.objects.get(pk=pk).policy for pk in ids]
    assert policies == [policy for _stated, policy in CASES]
