"""Files on their way to the hub, and what it found in them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from irodori_client.models.base import Model, Sent

UploadState = Literal["receiving", "checking", "converting", "ready", "refused", "aborted"]
SETTLED_STATES = frozenset({"ready", "refused", "aborted"})


class FileSummary(Model):
    """What the file says of itself."""

    title: str
    trigger_words: str
    base_version: str
    network_dim: int | None
    network_alpha: float | None
    steps: int | None


class Refusal(Model):
    """`names` are the tensors or modules of the file that it is about."""

    code: str
    message: str
    names: tuple[str, ...] = ()


class LayerError(Model):
    name: str
    error: float
    share: float


class Extraction(Model):
    """How far a LoRA that the hub made is from the model: errors are parts of the change, 0 is none."""

    error: float
    left_out: int
    layers: tuple[LayerError, ...]
    picture_difference: float
    picture_effect: float


class Upload(Model):
    id: UUID
    file_name: str
    base_model: str
    size: int
    part_size: int
    part_count: int
    state: UploadState | str
    created_at: datetime
    sha256: str
    format: str
    kind: str | None
    metadata: FileSummary | None
    refusal: Refusal | None
    extracted_from: UUID | None
    extraction: Extraction | None

    @property
    def is_final(self) -> bool:
        return self.state in SETTLED_STATES


class NewUpload(Sent):
    file_name: str
    size: int
    base_model: str


class PartAddress(Model):
    """Where to PUT a part, for a quarter of an hour."""

    url: str


class SentPart(Sent):
    number: int
    etag: str


class SentParts(Sent):
    parts: tuple[SentPart, ...]
