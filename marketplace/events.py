"""What happened, told once to whoever wants to know: the apps that announce it never learn who listens.

Receivers run in the transaction of the announcement, so that what they write stands or falls with what happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal

announced = Signal()


@dataclass(frozen=True)
class Event:
    """`kind` is dotted and in the past tense ("generation.succeeded"); `data` is JSON; `account_id` is the person's, or the
    organisation's account's, whom it concerns."""

    kind: str
    account_id: int
    data: Mapping[str, Any] = field(default_factory=dict)


def announce(event: Event) -> None:
    announced.send(sender=Event, event=event)
