"""An answer as server-sent events: what the picture looks like so far, then the picture. Waiting for it holds no thread."""

import asyncio
import io
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from django.db import close_old_connections
from PIL import Image

from hub.settings.site import site_config
from marketplace.api.sse import HEARTBEAT, HEARTBEAT_S, event_bytes
from marketplace.dialects.ordering import finished
from marketplace.generation.models import Generation
from marketplace.generation.sights import Sight
from marketplace.generation.watching import watch
from marketplace.openai.answers import about, in_base64
from marketplace.openai.errors import answer_of, told
from marketplace.openai.images import encoded
from marketplace.openai.parameters import Delivery
from marketplace.openai.usage import usage_of


async def events(kind: str, ordered: Generation, delivery: Delivery) -> AsyncIterator[bytes]:
    """`kind` begins their names. What goes wrong once the answer has begun is an event too."""
    async for event in _partial_images(kind, ordered, delivery):
        yield event
    yield await asyncio.to_thread(_last_event, kind, ordered.pk, delivery)


async def _partial_images(kind: str, ordered: Generation, delivery: Delivery) -> AsyncIterator[bytes]:
    """Evenly over the steps, as far as there are previews; then the picture has ended, or its time is up."""
    patience = site_config().stability_wait_seconds
    deadline, silence = time.monotonic() + patience, min(patience, HEARTBEAT_S)
    sent, last = 0, None
    async with aclosing(watch([ordered.pk], previews=delivery.partial_images > 0, silence_s=silence)) as sights:
        async for sight in sights:
            if time.monotonic() >= deadline:
                return
            if sight is None:
                yield HEARTBEAT
            elif sight.preview and sight.preview != last and _is_due(sight, sent, delivery.partial_images):
                yield await asyncio.to_thread(_partial_image, kind, ordered, delivery, sent, sight.preview)
                sent, last = sent + 1, sight.preview


def _is_due(sight: Sight, sent: int, wanted: int) -> bool:
    return sent < wanted and sight.step * (wanted + 1) >= sight.steps * (sent + 1)


def _partial_image(kind: str, ordered: Generation, delivery: Delivery, place: int, preview: bytes) -> bytes:
    """As large as the picture, and in its format: programs show the one in the other's place."""
    size = ordered.width, ordered.height
    image = Image.open(io.BytesIO(preview)).resize(size, Image.Resampling.BICUBIC)
    content = encoded(image, delivery.format, delivery.compression)
    data = _picture(ordered, delivery, b64encode(content).decode())
    return _event(f"{kind}.partial_image", data | {"partial_image_index": place})


def _last_event(kind: str, ordered: UUID, delivery: Delivery) -> bytes:
    """Runs in a thread of its own, with a connection that ends with it."""
    try:
        [made] = finished([ordered], in_time=False)
        return _event(f"{kind}.completed", _completed(made, delivery))
    except Exception as error:  # noqa: BLE001 - the boundary to everything below: the program must be able to read it
        answer = answer_of(error)
        told(error, answer, generation=str(ordered))
        return _event("error", answer.body)
    finally:
        close_old_connections()


def _completed(made: Generation, delivery: Delivery) -> dict[str, Any]:
    own = {"id": str(made.pk), "seed": made.seed, "cost_micro": made.price_micro}
    return _picture(made, delivery, in_base64(made, delivery)) | {"usage": usage_of([made])} | own


def _picture(generation: Generation, delivery: Delivery, content: str) -> dict[str, Any]:
    return {"b64_json": content, "created_at": int(time.time()), **about(generation, delivery)}


def _event(name: str, data: dict[str, Any]) -> bytes:
    return event_bytes(name, {"type": name} | data)
