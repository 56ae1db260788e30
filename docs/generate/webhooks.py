"""The kinds of events that webhooks tell of, from the apps that announce them."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from docs.generate.tables import one_line, table
from marketplace.events import Kind
from marketplace.webhooks.claims import LEASE
from marketplace.webhooks.kinds import kinds
from marketplace.webhooks.models import Attempt
from marketplace.webhooks.openapi import HEADERS, payload_example
from marketplace.webhooks.schedule import SPREAD, WAITS
from marketplace.webhooks.sending import TOTAL_S

INTRODUCTION = """# Webhooks

[Receive webhooks](../how-to/receive-webhooks.md) says how. Each is a POST of one JSON object: `type`, the kind of the event;
`timestamp`, when it happened; `data`, as below; and `test`, true, where the tester sent it. Where `data` would be longer than
64 KiB, it is empty and `data_left_out` is true. `GET /api/v1/webhooks/kinds` has each form as JSON Schema.
"""


def page() -> str:
    return "\n".join([INTRODUCTION, *_headers(), *_times(), *_problems(), "\n## Kinds of events", *_kinds()])


def _headers() -> Iterator[str]:
    yield "## Headers\n"
    yield table(("header", "meaning"), [(f"`{name}`", text) for name, text in HEADERS.items()])


def _times() -> Iterator[str]:
    yield "\n## Attempts\n"
    yield (
        f"The first is made at once. Where there is no answer of 2xx within {TOTAL_S:.0f} s, further ones follow after the waits "
        f"below, each up to {SPREAD:.0%} longer by chance, or after `Retry-After` seconds where that is more. What a sender that "
        f"was killed had in hand is sent again after {LEASE.total_seconds():.0f} s.\n"
    )
    rows = [(str(number), str(wait)) for number, wait in enumerate(WAITS, start=2)]
    yield table(("attempt", "waits (days, h:mm:ss)"), rows)


def _problems() -> Iterator[str]:
    yield "\n## What can go wrong\n"
    yield table(
        ("`problem`", "meaning"), [(f"`{value}`", str(label)) for value, label in Attempt.Problem.choices if value]
    )


def _kinds() -> Iterator[str]:
    for kind in kinds().values():
        yield f"\n### `{kind.name}`\n"
        yield f"{kind.description}\n"
        yield table(("field of `data`", "type", "meaning"), _fields(kind))
        yield f"\n```json\n{json.dumps(payload_example(kind), indent=2, ensure_ascii=False)}\n```"


def _fields(kind: Kind[Any]) -> list[tuple[str, str, str]]:
    types = kind.data.model_json_schema(mode="serialization")["properties"]
    return [(f"`{name}`", _type(types[name]), one_line(_said(field))) for name, field in kind.data.model_fields.items()]


def _type(schema: dict[str, Any]) -> str:
    return str(schema.get("format") or schema.get("type") or "any")


def _said(field: FieldInfo) -> str:
    return field.description or ""
