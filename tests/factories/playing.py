"""Plays the workers between two requests of a client: whatever has arrived is checked, converted or drawn."""

import hashlib

from hub import keys
from hub.jobs import Converted
from hub.object_store import object_store
from marketplace.generation import services
from marketplace.generation.models import Generation
from marketplace.uploads.conversion import accept_conversion
from marketplace.uploads.ingest import ingest
from marketplace.uploads.models import Upload
from tests.factories.generation import failed, heartbeat, started, stored


def play_the_upload_workers() -> None:
    """What ingest and a convert worker do."""
    for row in Upload.objects.filter(state=Upload.State.CHECKING):
        ingest(upload_id=row.pk)
    for row in Upload.objects.filter(state=Upload.State.CONVERTING):
        sha256 = hashlib.sha256(row.sha256.encode()).hexdigest()
        object_store().put(keys.pack(sha256), row.sha256.encode(), "application/octet-stream")
        pack = {"pack_key": keys.pack(sha256), "pack_sha256": sha256, "pack_size": 64}
        about = {"upload_id": row.pk, "attempt": 1, "kind": "lora", "rank": 4, "modules": 1}
        accept_conversion(Converted.model_validate(pack | about))


def play_the_serving_worker(**wanted: str) -> None:
    """One step further with each order that is `wanted`: begun, half drawn, then delivered; its bytes are its prompt."""
    for row in Generation.objects.filter(state__in=[Generation.State.QUEUED, Generation.State.RUNNING], **wanted):
        if row.state == Generation.State.QUEUED:
            services.started(started(row))
        elif not row.step:
            services.heartbeat(heartbeat(row, row.steps // 2))
        else:
            services.succeeded(stored(row))


def give_up(prompt: str = "a fox") -> None:
    """Fail what has this prompt, for good."""
    for row in Generation.objects.filter(state=Generation.State.QUEUED, prompt=prompt):
        services.started(started(row))
        row.refresh_from_db()
        services.failed(failed(row, code="no_refiner", message="The base has no refiner.", retryable=False))
