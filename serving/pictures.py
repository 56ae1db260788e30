"""Fetches the pictures a job starts from, before it waits for the device."""

import hashlib

from hub.jobs import GenerateJob
from hub.object_store import ObjectStore
from hub.plugin_api import JobRefusedError, LocalJob

MAX_BYTES = 16 * 2**20


def with_pictures(job: GenerateJob, store: ObjectStore) -> GenerateJob:
    """The job as an engine takes it. Raises JobRefusedError, ObjectMissingError."""
    source = job.source
    if source is None:
        return job
    mask = _fetched(store, source.mask_key, source.mask_sha256) if source.mask_key else b""
    picture = _fetched(store, source.picture_key, source.picture_sha256)
    return LocalJob(**dict(job), picture=picture, mask=mask)


def _fetched(store: ObjectStore, key: str, sha256: str) -> bytes:
    if store.size(key) > MAX_BYTES:
        raise JobRefusedError(
            "picture_too_large", f"The picture has more than {MAX_BYTES // 2**20} MiB. Send a smaller one."
        )
    content = store.get(key)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise JobRefusedError("picture_changed", "The picture is not the one that was sent. Send it again.")
    return content
