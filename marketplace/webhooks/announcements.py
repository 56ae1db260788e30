"""The event that the tester sends where no other is chosen."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from marketplace.events import EventData, Kind
from marketplace.webhooks.kinds import TEST as TEST_NAME


class TestData(EventData):
    endpoint: UUID
    """The endpoint that is tested."""
    message: str
    """A greeting."""


TEST = Kind(
    TEST_NAME,
    _("You asked for a test."),
    TestData,
    TestData(endpoint=UUID("0c4e6cf2-1d5a-4be2-9a3f-0d9e6c0f6a51"), message="Your endpoint works."),
)
KINDS = (TEST,)
