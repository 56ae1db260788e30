"""Half a body must not be taken for a whole one: it might cost something."""

from django.http import HttpRequest, UnreadablePostError


def has_no_length(request: HttpRequest) -> bool:
    """Is its body sent in chunks? Servers hand one that broke off on as if it had ended."""
    return "HTTP_TRANSFER_ENCODING" in request.META


def refuse_if_cut(request: HttpRequest, read: int, most_bytes: int) -> None:
    """Raises UnreadablePostError where fewer bytes came than were announced."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isascii() and length.isdigit() and read < min(int(length), most_bytes):
        raise UnreadablePostError
