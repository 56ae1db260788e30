"""Bodies sent in chunks, without a length: the framework would take them for empty."""

from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from marketplace.generation.pictures import MAX_BYTES

# A picture, a mask and the fields around them.
MAX_BODY_BYTES = 2 * MAX_BYTES + 2**20
IN_MEMORY_BYTES = 2 * 2**20
CHUNK_BYTES = 2**16


def give_length(request: HttpRequest) -> None:
    """Read a body that came in chunks, so that its length is known and parsers find it.

    Raises RequestDataTooBig for more than MAX_BODY_BYTES, of a body with a length too; UnreadablePostError for a body
    that broke off.
    """
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise RequestDataTooBig
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower() and not length.strip("0"):
        body = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the request holds it until it is gone
        request.META["CONTENT_LENGTH"] = str(_copied(request.META["wsgi.input"], body))
        body.seek(0)
        request._stream = body  # type: ignore[assignment]  # a file, and where the framework reads a request from


def _copied(stream: IO[bytes], target: Any) -> int:
    size = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise RequestDataTooBig
            target.write(chunk)
    except (OSError, ValueError) as error:
        raise UnreadablePostError(*error.args) from error
    return size
