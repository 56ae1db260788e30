"""What the hub answers, as far as these programs need it."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(_Answer):
    """Why an upload was refused or a generation failed."""

    code: str
    message: str


class UploadInfo(_Answer):
    id: UUID
    state: Literal["receiving", "checking", "converting", "ready", "refused", "aborted"]
    part_size: int
    part_count: int
    kind: str | None = None
    refusal: Problem | None = None


class VersionInfo(_Answer):
    id: int
    number: int
    state: str
    base_model: str
    price_micro: int
    creator_share_bp: int


class ImageInfo(_Answer):
    url: str
    sha256: str
    media_type: str


class GenerationInfo(_Answer):
    id: UUID
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    step: int
    steps: int
    place_in_queue: int
    price_micro: int
    seed: int
    image: ImageInfo | None = None
    failure: Problem | None = None
