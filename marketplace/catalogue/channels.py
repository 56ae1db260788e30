"""Who gets a new version when: partners and programs first, then its creator's subscribers, then everyone.

Whoever a channel let in stays in when the next one opens.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from marketplace.catalogue.models import StyleVersion


class Channel(StrEnum):
    PARTNERS_AND_API = "partners_and_api"
    MEMBERS = "members"
    EVERYONE = "everyone"


@dataclass(frozen=True)
class Opening:
    """When a channel opens, or opened."""

    channel: Channel
    opens_at: datetime


def openings(version: StyleVersion) -> tuple[Opening, Opening, Opening]:
    """The three channels in their order; several may open at once."""
    members = version.members_from or version.published_at
    return (
        Opening(Channel.PARTNERS_AND_API, version.published_at),
        Opening(Channel.MEMBERS, members),
        Opening(Channel.EVERYONE, version.public_from or members),
    )


def open_channel(version: StyleVersion, now: datetime) -> Channel:
    """The last that has opened: whom this version is for by now.

    A channel without a date of its own is open as soon as the version is there, whatever the clocks of two machines say.
    """
    if version.public_from is None or version.public_from <= now:
        return Channel.EVERYONE
    if version.members_from is None or version.members_from <= now:
        return Channel.MEMBERS
    return Channel.PARTNERS_AND_API


def in_channel(channel: Channel, now: datetime) -> Q:
    """Versions of which `open_channel` says this."""
    before_members, before_everyone = Q(members_from__gt=now), Q(public_from__gt=now)
    return {
        Channel.PARTNERS_AND_API: before_members,
        Channel.MEMBERS: before_everyone & ~before_members,
        Channel.EVERYONE: ~before_everyone,
    }[channel]


def release_dates(now: datetime, api_days: int, members_days: int) -> dict[str, datetime | None]:
    """As columns of a version that is published now: null where nobody has to wait for that channel."""
    members, public = now + timedelta(days=api_days), now + timedelta(days=api_days + members_days)
    return {"members_from": members if api_days else None, "public_from": public if public > now else None}
