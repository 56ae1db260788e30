"""What happened, told once to whoever wants to know: the apps that announce it never learn who listens.

Receivers run in the transaction of the announcement, so that what they write stands or falls with what happened.
An app lists the kinds it announces as `KINDS` in its `announcements.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.dispatch import Signal
from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict

announced = Signal()


@dataclass(frozen=True)
class Event:
    """`kind` is dotted and in the past tense ("generation.succeeded"); `data` is JSON; `account_id` is the person's, or the
    organisation's account's, whom it concerns."""

    kind: str
    account_id: int
    data: Mapping[str, Any] = field(default_factory=dict)


class EventData(BaseModel):
    """What an event of some kind tells: ids and what never changes again, small and flat. Each field has its sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


D = TypeVar("D", bound=EventData)


@dataclass(frozen=True)
class Kind(Generic[D]):
    """A kind of event, for whoever reads about it: when it happens, the form of its data, and one as it might be."""

    name: str
    description: str | Promise
    data: type[D]
    example: D

    def event(self, account_id: int, data: D) -> Event:
        return Event(self.name, account_id, data.model_dump(mode="json"))


def announce(event: Event) -> None:
    announced.send(sender=Event, event=event)
