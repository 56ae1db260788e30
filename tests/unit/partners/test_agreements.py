"""An agreement as ODRL: valid by the information model, and never more than the creator's policy."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from marketplace.errors import NotAllowed
from marketplace.licences.columns import columns_of
from marketplace.licences.policy import Policy
from marketplace.licences.rules import exceeds
from marketplace.partners.agreements import as_odrl, granted
from marketplace.partners.policies import NAMES
from tests.factories.licences import PLACES, free_policy, policies, some_of
from tests.factories.partners import licensable_version, make_account, make_grant, program_of
from tests.unit.licences.test_odrl import complaints


@pytest.mark.django_db
def test_the_agreement_names_what_was_agreed_and_prohibits_the_rest() -> None:
    account = make_account()
    version = licensable_version(**columns_of(free_policy(territory=("DE", "JP"))))
    grant = make_grant(account, version, permissions=("commercial_use", "merging"), territory=("JP",))
    answer = program_of(account).get(f"/api/v1/partner/grants/{grant.pk}/agreement")
    document: dict[str, Any] = json.loads(answer.content)
    assert (answer["Content-Type"], complaints(document)) == ("application/ld+json", "")
    assert (document["@type"], document["uid"]) == ("Agreement", f"urn:uuid:{grant.agreement.pk}")
    assert document["assignee"]["vcard:fn"] == account.display_name
    assert [rule["action"] for rule in document["permission"]] == [
        "irodori:generate",
        "grantUse",
        "cc:CommercialUse",
        "irodori:combine",
    ]
    assert granted(grant).territory == ("JP",)


class AgreementLaws(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(policies, some_of(NAMES).filter(bool), some_of(PLACES))
    def test_no_agreement_grants_more_than_the_policy(
        self, policy: Policy, permissions: tuple[str, ...], territory: tuple[str, ...]
    ) -> None:
        version = licensable_version(**columns_of(policy))
        try:
            grant = make_grant(make_account(0), version, permissions=permissions, territory=territory, days=1)
        except NotAllowed:
            return
        assert exceeds(granted(grant), policy) is None
        assert complaints(as_odrl(grant, "https://hub.example/")) == ""
