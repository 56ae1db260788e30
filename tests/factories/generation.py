"""Orders for tests, on the echo engine unless told otherwise, and what a worker would report about them."""

import hashlib
from typing import Any

from django.db import transaction

from hub import jobs, keys
from hub.object_store import object_store
from marketplace.accounts.models import User
from marketplace.catalogue.models import StyleVersion
from marketplace.generation import settlement
from marketplace.generation.models import Generation
from marketplace.generation.requests import AdapterChoice, GenerationRequest
from marketplace.generation.services import request_generation
from tests.factories.catalogue import echo_base, make_pack, make_version
from tests.factories.ledger import make_buyer

WORKER = "worker-1"
PROMPT = "a harbour at dawn"


def echo_version(**changes: Any) -> StyleVersion:
    """A published version of a style made for the echo base: one credit, 70 % to its creator."""
    kind = changes.pop("kind", "lora")
    return make_version(**{"pack": make_pack(base_model=echo_base(), kind=kind)} | changes)


def make_request(*versions: StyleVersion, **changes: Any) -> GenerationRequest:
    echo_base()
    fields: dict[str, Any] = {
        "base_model": "echo",
        "prompt": PROMPT,
        "adapters": tuple(AdapterChoice(version.pk, 1.0) for version in versions),
        "width": 64,
        "height": 64,
        "steps": 4,
        "seed": 7,
    }
    return GenerationRequest(**fields | changes)


def order(buyer: User | None = None, *versions: StyleVersion, **changes: Any) -> Generation:
    """A queued generation, its price held."""
    return request_generation(buyer=buyer or make_buyer(), request=make_request(*versions, **changes))


def buyer_of(generation: Generation) -> User:
    assert generation.buyer is not None
    return generation.buyer


def started(generation: Generation, **changes: Any) -> jobs.GenerationStarted:
    return jobs.GenerationStarted(**_report(generation) | changes)


def heartbeat(generation: Generation, step: int, **changes: Any) -> jobs.GenerationHeartbeat:
    return jobs.GenerationHeartbeat(**_report(generation) | {"step": step, "steps": generation.steps} | changes)


def failed(generation: Generation, **changes: Any) -> jobs.GenerationFailed:
    fields = {"code": "engine_crashed", "message": "The engine stopped.", "retryable": True}
    return jobs.GenerationFailed(**_report(generation) | fields | changes)


def handed_back(generation: Generation, **changes: Any) -> jobs.GenerationHandedBack:
    return jobs.GenerationHandedBack(**_report(generation) | changes)


def succeeded(generation: Generation, content: bytes = b"", **changes: Any) -> jobs.GenerationSucceeded:
    """What a worker that stored `content` reports."""
    content = content or generation.prompt.encode()
    fields = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "media_type": "text/plain",
        "width": generation.width,
        "height": generation.height,
        "seed": generation.seed,
        "seconds": 2.0,
    }
    return jobs.GenerationSucceeded(**_report(generation) | fields | changes)


def stored(generation: Generation, content: bytes = b"", **changes: Any) -> jobs.GenerationSucceeded:
    """Store the image in the real store, as the worker of the current attempt does, and report it."""
    content = content or generation.prompt.encode()
    object_store().put(keys.output(generation.pk, generation.attempt), content, "text/plain")
    return succeeded(generation, content, **changes)


def _report(generation: Generation) -> dict[str, Any]:
    return {"id": generation.pk, "attempt": generation.attempt, "worker": WORKER}


def paid(generation: Generation) -> Generation:
    """Its hold captured, as after delivery."""
    with transaction.atomic():
        settlement.capture(generation)
    return generation


def payment_key(generation: Generation) -> str:
    return f"generation:{generation.pk}:settle"
