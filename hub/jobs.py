"""The messages between the site and the workers: frozen, versioned, JSON. Pictures never travel here, only previews.

The database row is the truth and a message only a hint, so each carries the attempt it belongs to, and the site
refuses any that is not the current one. Every task below takes one argument: `message.model_dump(mode="json")`.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

# Names of the Celery tasks on either side; neither side imports the other's code.
GENERATE_TASK = "serving.generate"
CONVERT_TASK = "serving.convert"
GENERATION_STARTED_TASK = "generation.started"
GENERATION_HEARTBEAT_TASK = "generation.heartbeat"
GENERATION_SUCCEEDED_TASK = "generation.succeeded"
GENERATION_FAILED_TASK = "generation.failed"
GENERATION_HANDED_BACK_TASK = "generation.handed_back"
WORKER_STARTED_TASK = "generation.worker_started"
CONVERTED_TASK = "uploads.converted"
CONVERT_REFUSED_TASK = "uploads.convert_refused"
EXTRACT_TASK = "serving.extract"
EXTRACTED_TASK = "uploads.extracted"

# Parts a worker's address from the mark of its process.
WORKER_MARK = "#"

# Remote-control commands that every serving worker answers.
CANCEL_COMMAND = "cancel_generation"
FINGERPRINT_COMMAND = "base_fingerprint"

SITE_QUEUE = "site"
CONVERT_QUEUE = "convert"
WEBHOOK_QUEUE = "webhooks"

# Base64 characters of a preview; 128 x 128 pixels of noise need about half.
MAX_PREVIEW = 32_768

Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
# An embedding gives words of the prompt a meaning, and changes no weight.
PackKind = Literal["lora", "fine_tune", "embedding"]


def generate_queue(engine: str) -> str:
    """The queue that workers holding this engine read."""
    return f"generate.{engine}"


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1


class AdapterUse(BaseModel):
    """One adapter of a generation: which pack, and how strongly."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pack_sha256: str = Sha256
    pack_key: str
    kind: PackKind
    weight: float = Field(ge=-2.0, le=2.0)


class PictureSource(BaseModel):
    """The picture a generation starts from, and a mask that is white where it is drawn anew; "" for no mask."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    picture_key: str
    picture_sha256: str = Sha256
    strength: float = Field(gt=0.0, le=1.0)
    mask_key: str = ""
    mask_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


# Of the texts that a program of another API sends at once, each has its own limit; a worker reads them put together.
MOST_CHARACTERS_DRAWN = 2**18


class GenerateJob(Message):
    """Make one image and store it under `output_key`. `id` also follows the job through every log.

    A field that came after the first release is left out of the message where a job doesn't use it, so that a worker
    which doesn't know it refuses only the jobs that it could not do.
    """

    id: UUID
    attempt: int = Field(ge=1)
    engine: str
    base_model: str
    prompt: str = Field(min_length=1, max_length=MOST_CHARACTERS_DRAWN)
    negative_prompt: str = Field(default="", max_length=MOST_CHARACTERS_DRAWN)
    width: int = Field(default=128, ge=8, le=4096)
    height: int = Field(default=128, ge=8, le=4096)
    steps: int = Field(default=20, ge=1, le=150)
    guidance_scale: float = Field(default=5.0, ge=0.0, le=35.0)
    seed: int = Field(ge=0, le=2**32 - 1)
    scheduler: str = "euler"
    adapters: tuple[AdapterUse, ...] = ()
    output_key: str
    source: PictureSource | None = None
    refiner_start: float | None = Field(default=None, gt=0.0, lt=1.0)

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        for name in ("source", "refiner_start"):
            if getattr(self, name) is None:
                content.pop(name, None)
        return content


class GenerationStarted(Message):
    """A worker took the job; the site answers with a lease, or a cancel if it was taken already."""

    id: UUID
    attempt: int
    worker: str


class GenerationHeartbeat(Message):
    """The worker still runs the job, at `step` of `steps`; renews the lease and moves the progress bar.

    `preview` may be lost like the rest: a JPEG of at most 128 pixels a side, Base64. Left out where there is none.
    """

    id: UUID
    attempt: int
    worker: str
    step: int
    steps: int
    preview: str = Field(default="", max_length=MAX_PREVIEW)

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        if not self.preview:
            content.pop("preview", None)
        return content


class GenerationSucceeded(Message):
    """The image lies under the job's output key with this hash.

    What it took of the device is left out where the worker does not measure it, and by workers of the first release.
    """

    id: UUID
    attempt: int
    worker: str
    sha256: str = Sha256
    size: int
    media_type: str
    width: int
    height: int
    seed: int
    seconds: float
    device_seconds: float | None = None
    energy_joules: float | None = None

    @model_serializer(mode="wrap")
    def _without_unmeasured(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        for name in ("device_seconds", "energy_joules"):
            if content[name] is None:
                del content[name]
        return content


class GenerationFailed(Message):
    """No image. `retryable` says whether another attempt could help; `message` is a sentence for the buyer.

    `pack` is the hash of the style that is to blame, which the site knows by name; left out where none is.
    """

    id: UUID
    attempt: int
    worker: str
    code: str
    message: str
    retryable: bool
    pack: str = ""

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        if not self.pack:
            content.pop("pack", None)
        return content


class GenerationHandedBack(Message):
    """The worker stops before it began with the job, though it was granted a lease: another one is to have this attempt."""

    id: UUID
    attempt: int
    worker: str


class WorkerStarted(Message):
    """A worker process begins with nothing in hand: what its predecessor at the same address held is lost.

    `worker` is "<address>#<start>": the address that remote control reaches, and a mark of this one process.
    """

    worker: str


class ConvertJob(Message):
    """Turn an uploaded file that passed the gate, and that its creator calls `file_name`, into the canonical pack of `engine`."""

    upload_id: UUID
    attempt: int = Field(ge=1)
    source_key: str
    source_sha256: str = Sha256
    format: str
    engine: str
    file_name: str = ""


class Converted(Message):
    """The pack lies in the store under its own hash. `words` are those of a prompt that it gives a meaning."""

    upload_id: UUID
    attempt: int
    pack_key: str
    pack_sha256: str = Sha256
    pack_size: int
    kind: PackKind
    rank: int
    modules: int
    words: tuple[str, ...] = ()


class ExtractJob(ConvertJob):
    """Make a LoRA of an uploaded model, and compare pictures of both and of the base for these prompts.

    `upload_id` is the LoRA's own, `original` the model's pack.
    """

    base_model: str
    original: AdapterUse
    prompts: tuple[str, ...] = Field(min_length=1)
    side: int
    steps: int
    guidance_scale: float


class LayerError(BaseModel):
    """`error` is the part of the layer's change that the LoRA misses, `share` the layer's part of the whole change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    error: float
    share: float


class Extracted(Converted):
    """A LoRA made of a model: it lies in the store as a source of this hash and size, and as a pack.

    Errors are parts of the change (0 is exact, 1 is nothing), pictures differ by mean levels of 256.
    """

    sha256: str = Sha256
    size: int
    error: float
    left_out: int
    layers: tuple[LayerError, ...]
    picture_difference: float
    picture_effect: float


# Of what a file is refused for, so many names are told; the sentence has some of them and the count.
MOST_NAMES = 1_000


class ConvertRefused(Message):
    """The file can't be served exactly; `message` tells the creator why and what to do, `names` what it is about."""

    upload_id: UUID
    attempt: int
    code: str
    message: str
    names: tuple[str, ...] = Field(default=(), max_length=MOST_NAMES)
