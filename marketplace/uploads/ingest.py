"""Checks a file that has arrived, keeps a copy under its own hash, and has it converted.

The header is read first and decides almost everything; then the body is read once. The bytes that were checked are
the bytes that are kept: the copy is hashed again before anything refers to it.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from uuid import UUID

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from hub import keys
from hub.object_store import ObjectMissingError, object_store
from hub.tensor_file import FileHeader, HeaderError, header_length, parse_header
from marketplace.uploads.contents import FiniteCheck
from marketplace.uploads.conversion import refuse, start_conversion
from marketplace.uploads.errors import FileRefused
from marketplace.uploads.file_metadata import declared_body_sha256, summarise
from marketplace.uploads.header_checks import check_header
from marketplace.uploads.models import Upload

log = structlog.get_logger(__name__)
NEWS_SECONDS = 10


@dataclass(frozen=True)
class Checked:
    """A file that passed: its hash, the format that reads it, and what it says of itself."""

    sha256: str
    format: str
    metadata: dict[str, object]


def ingest(*, upload_id: UUID) -> None:
    """Check one upload and move it on; safe to run twice, also at the same time."""
    upload = Upload.objects.select_related("base_model").get(pk=upload_id)
    if upload.state != Upload.State.CHECKING:
        return
    try:
        checked = check_file(upload)
        keep(keys.quarantine(upload.pk), checked.sha256)
    except (FileRefused, HeaderError) as refusal:
        log.info("upload.refused", upload=str(upload.pk), code=refusal.code)
        refuse(upload=upload, code=refusal.code, message=refusal.message)
        return
    start_conversion(upload=upload, sha256=checked.sha256, file_format=checked.format, metadata=checked.metadata)
    object_store().delete(keys.quarantine(upload.pk))  # the copy under its own hash is the one that counts


def check_file(upload: Upload) -> Checked:
    """Raises FileRefused or HeaderError with the reason."""
    key = keys.quarantine(upload.pk)
    try:
        raw = _read_header(key, upload.size)
    except ObjectMissingError as error:
        raise FileRefused("file_missing", _("The file did not arrive. Upload it again.")) from error
    header = parse_header(raw, upload.size)
    file_format = check_header(header, upload.size, upload.base_model.engine)
    sha256 = _read_body(upload, raw, header)
    return Checked(sha256, file_format, asdict(summarise(header.metadata)))


def keep(quarantined: str, sha256: str) -> None:
    """Copy to the content-addressed key and hash what lies there. Raises FileRefused if it is not what was checked."""
    source = keys.source(sha256)
    if _hash_of(source) == sha256:
        return
    object_store().copy(quarantined, source)
    if _hash_of(source) != sha256:
        object_store().delete(source)
        raise FileRefused("file_changed", _("The file changed while it was checked. Upload it again."))


def _read_header(key: str, size: int) -> bytes:
    """The first 8 + N bytes, and no others."""
    first = _read(key, 0, 7)
    length = header_length(first, size)
    return first + _read(key, 8, 7 + length) if length else first


def _read(key: str, first: int, last: int) -> bytes:
    return b"".join(object_store().stream(key, first, last))


def _read_body(upload: Upload, raw_header: bytes, header: FileHeader) -> str:
    """SHA-256 of the whole file; the body is read once, its numbers and its declared hash checked on the way."""
    whole, body, finite = hashlib.sha256(raw_header), hashlib.sha256(), FiniteCheck(header)
    for chunk in _with_news(upload, object_store().stream(keys.quarantine(upload.pk), header.data_offset)):
        whole.update(chunk)
        body.update(chunk)
        finite.feed(chunk)
    declared = declared_body_sha256(header.metadata)
    if declared and declared != body.hexdigest():
        raise FileRefused(
            "hash_mismatch",
            _("The file's own checksum does not match its weights: it was damaged or edited. Export it again."),
        )
    return whole.hexdigest()


def _with_news(upload: Upload, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Tell the reaper now and then that a long file is still being read."""
    told = time.monotonic()
    for chunk in chunks:
        if time.monotonic() - told > NEWS_SECONDS:
            Upload.objects.filter(pk=upload.pk, state=Upload.State.CHECKING).update(sent_at=timezone.now())
            told = time.monotonic()
        yield chunk


def _hash_of(key: str) -> str:
    digest = hashlib.sha256()
    try:
        for chunk in object_store().stream(key):
            digest.update(chunk)
    except ObjectMissingError:
        return ""
    return digest.hexdigest()
