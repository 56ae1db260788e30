"""What a text or an address that a creator types must be like, whatever it says."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from marketplace.errors import InvalidInput


def check_text(text: str, field: str, longest: int, *, required: bool = True, lines: bool = False) -> None:
    """Raises InvalidInput; `lines` allows line breaks."""
    if required and not text.strip():
        raise InvalidInput(_("This can't be empty."), code="required", field=field)
    if len(text) > longest:
        raise InvalidInput(
            _("This has %(length)d characters; at most %(longest)d fit.") % {"length": len(text), "longest": longest},
            code="too_long",
            field=field,
        )
    if not all(char.isprintable() or char == "\u3000" or (lines and char in "\r\n") for char in text):
        raise InvalidInput(
            _("This holds a control character. Type it in again instead of pasting it."),
            code="control_character",
            field=field,
        )


def check_address(url: str) -> None:
    """Raises InvalidInput for what no browser would open; empty is allowed."""
    check_text(url, "training_sources", 500, required=False)
    if url and not _is_web_address(url):
        raise InvalidInput(
            _(
                "“%(url)s” is not a web address. Copy the whole address from a browser, such as "
                "https://example.org/prints."
            )
            % {"url": url},
            code="bad_address",
            field="training_sources",
        )


def _is_web_address(url: str) -> bool:
    if any(char.isspace() for char in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # an unclosed bracket, a port that is no number, letters that IDNA forbids
        return False
