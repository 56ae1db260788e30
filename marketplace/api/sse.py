"""Server-sent events: news that a program or a browser reads while they happen, on one open answer."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter

MEDIA_TYPE = "text/event-stream"
# A line that says nothing keeps proxies from closing what is silent, and finds out who has gone.
HEARTBEAT_S = 15.0
HEARTBEAT = b": still here\n\n"
# Where the line breaks, the reader comes back after this long.
OPENING = b"retry: 2000\n\n"
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    str,
    OpenApiParameter.HEADER,
    description="The id of the last event you have; browsers send it by themselves. What you have seen is not sent again.",
)


def event_bytes(name: str, data: Mapping[str, Any], *, id: str = "") -> bytes:  # noqa: A002 - the name of the field
    """JSON has no line breaks of its own, so the data is one line."""
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def event_stream(pieces: AsyncIterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would gather what has to arrive now
    return response
