"""The only place that names objects in the store."""

from uuid import UUID

THIN_ENDING = ".thin"


def quarantine(upload_id: UUID) -> str:
    """Where a browser puts an uploaded file; nothing is served from here."""
    return f"quarantine/{upload_id}"


def source(sha256: str) -> str:
    """An accepted upload, immutable, by its content."""
    return f"sources/{sha256}.safetensors"


def pack(sha256: str) -> str:
    """A canonical adapter pack, immutable, by its content."""
    return f"packs/{sha256}.safetensors"


def thin_pack(sha256: str) -> str:
    """The pack with this hash as its difference to the base it was made for, immutable as the pack."""
    return f"packs/{sha256}{THIN_ENDING}"


def picture(owner_id: int, sha256: str) -> str:
    """A picture or mask that a generation starts from, immutable, by its owner and content."""
    return f"inputs/{owner_id}/{sha256}"


def output(generation_id: UUID, attempt: int) -> str:
    """The image of one attempt: a slow worker of an earlier attempt can't overwrite a later one's."""
    return f"outputs/{generation_id}/{attempt}.png"
