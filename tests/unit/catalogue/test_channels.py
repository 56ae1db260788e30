"""When a version opens to whom, in Python and in the database."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.db import IntegrityError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from marketplace.catalogue.channels import Channel, Opening, in_channel, open_channel, openings, release_dates
from marketplace.catalogue.models import StyleVersion
from marketplace.catalogue.selectors import published_styles
from marketplace.catalogue.services import publish
from tests.factories.catalogue import make_terms, make_version
from tests.factories.uploads import ready_upload

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
days = st.integers(0, 90)


def released(api_days: int, members_days: int) -> StyleVersion:
    return StyleVersion(published_at=START, **release_dates(START, api_days, members_days))


@pytest.mark.parametrize(
    ("api_days", "members_days", "after", "expected"),
    [
        (0, 0, 0, Channel.EVERYONE),
        (0, 0, -1, Channel.EVERYONE),
        (7, 0, 0, Channel.PARTNERS_AND_API),
        (7, 0, 7, Channel.EVERYONE),
        (0, 3, 0, Channel.MEMBERS),
        (0, 3, 3, Channel.EVERYONE),
        (7, 3, 6, Channel.PARTNERS_AND_API),
        (7, 3, 7, Channel.MEMBERS),
        (7, 3, 10, Channel.EVERYONE),
    ],
)
def test_channels_open_one_after_the_other(api_days: int, members_days: int, after: int, expected: Channel) -> None:
    assert open_channel(released(api_days, members_days), START + after * DAY) == expected


@given(days, days)
def test_dates_stand_in_the_order_of_the_channels(api_days: int, members_days: int) -> None:
    assert openings(released(api_days, members_days)) == (
        Opening(Channel.PARTNERS_AND_API, START),
        Opening(Channel.MEMBERS, START + api_days * DAY),
        Opening(Channel.EVERYONE, START + (api_days + members_days) * DAY),
    )


class TheDatabase(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.tuples(days, days), min_size=1, max_size=4), st.integers(0, 200))
    def test_says_the_same_as_python(self, releases: list[tuple[int, int]], after: int) -> None:
        now = START + after * DAY
        versions = [make_version(**cast("dict[str, Any]", release_dates(START, *each))) for each in releases]
        StyleVersion.objects.update(published_at=START)
        for version in versions:
            version.published_at = START
        for channel in Channel:
            found = set(StyleVersion.objects.filter(in_channel(channel, now)).values_list("pk", flat=True))
            assert found == {version.pk for version in versions if open_channel(version, now) == channel}


@pytest.mark.django_db
@pytest.mark.parametrize("public_from", [None, START])
def test_members_come_before_everyone_in_the_database(public_from: datetime | None) -> None:
    with pytest.raises(IntegrityError, match="members_before_everyone"):
        make_version(members_from=START + DAY, public_from=public_from)


@pytest.mark.django_db
def test_publishing_sets_the_dates() -> None:
    upload = ready_upload()
    version = publish(creator=upload.owner, upload=upload, terms=make_terms(api_first_days=7, early_access_days=3))
    version.refresh_from_db()
    partners, members, everyone = (opening.opens_at for opening in openings(version))
    assert (round((members - partners) / DAY), everyone - members) == (7, 3 * DAY)


@pytest.mark.django_db
def test_styles_are_found_by_whom_a_version_of_them_is_for() -> None:
    now = timezone.now()
    partners = make_version(members_from=now + DAY, public_from=now + 2 * DAY).style
    members = make_version(public_from=now + DAY).style
    everyone = make_version(members_from=now - 2 * DAY, public_from=now - DAY).style
    # An older one of the same style is everyone's already.
    make_version(style=members, number=2)
    found = {channel.value: set(published_styles(channel=channel)) for channel in Channel}
    assert found == {"partners_and_api": {partners}, "members": {members}, "everyone": {everyone, members}}
    assert set(published_styles()) == {partners, members, everyone}
