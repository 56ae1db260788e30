"""Reads server-sent events (the WHATWG's event stream format) line by line; knows nothing of where lines come from."""

import json
from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True)
class Event:
    """`data` is what was sent as JSON; `id` is where to go on from when the line breaks."""

    name: str
    id: str
    data: dict[str, Any]


@dataclass
class EventReader:
    """`last_id` outlives a broken line: the hub goes on after it."""

    last_id: str = ""
    _id: str = ""
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def read(self, line: str) -> Event | None:
        """The event that this line ends, if it ends one that holds a JSON object."""
        if not line:
            return self._ended()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def broken(self) -> None:
        """What the line broke off in the middle of is sent again."""
        self._id, self._name, self._data = self.last_id, "", []

    def _ended(self) -> Event | None:
        name, text = self._name or "message", "\n".join(self._data)
        self.last_id = self._id
        self.broken()
        try:
            data = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return None
        return Event(name, self.last_id, data) if isinstance(data, dict) else None
