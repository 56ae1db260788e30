"""The columns are the policy: what the database finds is what the rules permit."""

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.catalogue.models import StyleVersion
from marketplace.licences.columns import COLUMN_OF, columns_of
from marketplace.licences.policy import Policy
from marketplace.licences.rules import Act, Use, evaluate
from marketplace.licences.selectors import permitting, policy_of, policy_of_base
from tests.factories.catalogue import echo_base, make_version
from tests.factories.licences import TODAY, free_policy, policies, uses

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def licensed(policy: Policy) -> StyleVersion:
    version = make_version(**columns_of(policy))
    version.refresh_from_db()
    return version


def test_every_clause_has_its_column() -> None:
    assert list(COLUMN_OF) == [field.name for field in fields(Policy)]
    assert set(COLUMN_OF.values()) <= {field.name for field in StyleVersion._meta.get_fields()}


def test_a_row_of_which_nothing_is_said_holds_the_default() -> None:
    assert StyleVersion().policy == Policy()


def test_what_a_base_grants_follows_from_its_licence() -> None:
    assert policy_of_base(echo_base()) == free_policy()
    assert policy_of_base(echo_base(slug="other", licence="as its makers say")) == Policy()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(policies, min_size=1, max_size=4), st.lists(uses, min_size=1, max_size=8))
def test_the_database_finds_exactly_what_is_permitted(granted: list[Policy], asked: list[Use]) -> None:
    versions = [licensed(policy) for policy in granted]
    these = StyleVersion.objects.filter(pk__in=[version.pk for version in versions])
    assert [policy_of(version) for version in versions] == granted
    for use in asked:
        permitted = {version.pk for version in versions if evaluate(use, policy_of(version)) is None}
        assert set(these.filter(permitting(use)).values_list("pk", flat=True)) == permitted


def test_a_partner_is_not_found_by_a_part_of_its_name() -> None:
    version = licensed(free_policy(partners=("aoi-tv",), territory=("JP",)))
    found = [
        StyleVersion.objects.filter(permitting(Use(act=Act.LICENSE, on=TODAY, partner=slug, territory="JP"))).exists()
        for slug in ("aoi-tv", "aoi", "tv", "aoi_tv")
    ]
    assert (found, version.partners) == ([True, False, False, False], ("aoi-tv",))
