"""How long bodies are: one sent in chunks gets its length, none is taken beyond a limit, and no half for a whole."""

from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

# A picture and a mask, each of 16 MiB, and the fields around them.
MAX_BODY_BYTES = 33 * 2**20
IN_MEMORY_BYTES = 2 * 2**20
CHUNK_BYTES = 2**16


def give_length(request: HttpRequest, most_bytes: int = MAX_BODY_BYTES) -> None:
    """Read a body that came in chunks, so that its length is known; the framework would take it for empty.

    Raises RequestDataTooBig for more than `most_bytes`, of a body with a length too; UnreadablePostError for a body
    that broke off.
    """
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdigit() and int(length) > most_bytes:
        raise RequestDataTooBig
    if _has_no_length(request) and not length.strip("0"):
        body = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the request holds it until it is gone
        request.META["CONTENT_LENGTH"] = str(_copied(request.META["wsgi.input"], body, most_bytes))
        body.seek(0)
        request._stream = body  # type: ignore[assignment]  # a file, and where the framework reads a request from


def refuse_if_cut(request: HttpRequest, read: int, most_bytes: int) -> None:
    """Raises UnreadablePostError where fewer bytes came than were announced."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isascii() and length.isdigit() and read < min(int(length), most_bytes):
        raise UnreadablePostError


def _has_no_length(request: HttpRequest) -> bool:
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return True
    # HTTP/2 has frames in the place of chunks.
    scope = getattr(request, "scope", {})
    return scope.get("http_version") == "2" and "CONTENT_LENGTH" not in request.META


def _copied(stream: IO[bytes], target: Any, most_bytes: int) -> int:
    size = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise RequestDataTooBig
            target.write(chunk)
    except (OSError, ValueError) as error:
        raise UnreadablePostError(*error.args) from error
    return size
