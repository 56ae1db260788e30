"""An organisation with something on every page of licensing."""

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from marketplace.generation.models import Generation
from marketplace.partners.issuing import issue_waiting
from marketplace.partners.matrix import keep
from marketplace.partners.models import Grant
from marketplace.partners.statements import close_months
from tests.factories.partners import deliver, make_grant, order_under
from tests.integration.partners.agencies import Agency


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
def used(agency: Agency, receipt_key: object, time_machine: TimeMachineFixture) -> tuple[Grant, Generation]:
    """A grant of October, an image under it, and October's statement."""
    time_machine.move_to("2026-10-20T12:00:00+00:00")
    grant = make_grant(agency.account, days=60)
    keep()
    image = deliver(order_under(agency.account, grant))
    time_machine.move_to("2026-11-20T12:00:00+00:00")
    close_months(now=timezone.now())
    issue_waiting()
    return grant, image
