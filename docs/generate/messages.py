"""The messages between site and workers, field by field."""

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.tables import one_line, table
from hub import jobs

INTRODUCTION = """# Messages

What the site and the workers send each other over the broker, as JSON, by Celery task name. The database row is the truth
and a message a hint: each carries the attempt it belongs to, and the site refuses any that is not the current one. Unknown
fields are refused, and a message of another `version` is answered as unreadable.
"""
# A field means the same wherever it occurs.
MEANING = {
    "version": "of the message's form; always 1 so far",
    "id": "the generation; it also follows the job through every log",
    "upload_id": "the upload",
    "attempt": "which try this is, from 1",
    "worker": "Celery's name of the worker",
    "engine": "id of the engine; names the queue",
    "base_model": "the catalogue's name of the base, which the worker's own must match",
    "prompt": "what to draw",
    "negative_prompt": "what not to draw; empty for none",
    "width": "pixels",
    "height": "pixels",
    "steps": "denoising steps",
    "step": "steps done",
    "preview": "a small JPEG of the picture so far, Base64; absent for none",
    "guidance_scale": "how strongly the prompt counts; up to 1 means no guidance",
    "seed": "of the first noise; the same seed gives the same bytes",
    "scheduler": "id of the sampler",
    "adapters": "the styles, in order",
    "output_key": "where the image is stored; each attempt has its own",
    "source": "the picture to start from; absent for none",
    "refiner_start": "the part of the noise after whose removal the refiner takes over from the base; absent for none",
    "picture_key": "where the picture is stored",
    "picture_sha256": "its hash, hex",
    "strength": "how much of it is drawn anew: the part of the steps it goes through",
    "mask_key": "where the mask is stored",
    "mask_sha256": "its hash, hex",
    "pack_sha256": "hash of the canonical pack, hex",
    "pack_key": "where the pack is stored",
    "pack_size": "bytes of the pack",
    "kind": "`lora`, `fine_tune` or `embedding`",
    "weight": "strength; 1 is as trained",
    "sha256": "hash of the stored bytes, hex",
    "size": "bytes stored",
    "media_type": "of the stored bytes",
    "seconds": "from taking the job to storing the image",
    "device_seconds": "this image's part of the time for which the engine held the device; absent where not measured",
    "energy_joules": "its part of the energy that the device used in that time; absent where the device does not tell",
    "code": "stable; see [errors](errors.md)",
    "message": "a sentence for people",
    "pack": "the hash of the style that is to blame; absent where none is",
    "names": "all tensors or modules of a file that the sentence is about, up to 1,000",
    "retryable": "could another attempt help?",
    "source_key": "where the uploaded file is stored",
    "source_sha256": "its hash, hex",
    "format": "id of the adapter format that recognised it",
    "file_name": "what its creator calls it: an embedding's word, where the file holds none",
    "rank": "of a LoRA, the largest; 0 for the others",
    "modules": "how many layers it changes",
    "words": "those of a prompt that it gives a meaning",
    "original": "the pack of the model",
    "prompts": "what the compared pictures show",
    "side": "width and height of the pictures, pixels",
    "error": "the part of the change that the LoRA misses: 0 is none, 1 is all",
    "share": "this layer's part of the whole change",
    "left_out": "changed parameters that no LoRA can express, such as norms and biases",
    "layers": "each layer's error, those that matter most first",
    "name": "component and module",
    "picture_difference": "between the LoRA's pictures and the model's, mean levels of 256",
    "picture_effect": "between the base's pictures and the model's, mean levels of 256",
}


def page() -> str:
    return "\n".join([INTRODUCTION, *_names(), *(part for message in messages() for part in _section(message))])


def messages() -> list[type[BaseModel]]:
    """Every message, and what they hold, in the order of hub/jobs.py."""
    classes = [value for value in vars(jobs).values() if inspect.isclass(value) and issubclass(value, BaseModel)]
    return [found for found in classes if found not in (BaseModel, jobs.Message)]


def _names() -> Iterator[str]:
    rows = [(f"`{name}`", f"`{value}`") for name, value in vars(jobs).items() if name.endswith(("_TASK", "_COMMAND"))]
    yield table(("constant of `hub.jobs`", "task or command"), rows)


def _section(message: type[BaseModel]) -> Iterator[str]:
    yield f"\n## {message.__name__}\n"
    yield f"{one_line(inspect.getdoc(message))}\n"
    rows = [(f"`{name}`", _type(field), MEANING[name]) for name, field in message.model_fields.items()]
    yield table(("field", "type", "meaning"), rows)


def _type(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    name = annotation.__name__ if inspect.isclass(annotation) else str(annotation).replace("typing.", "")
    name = name.replace("hub.jobs.", "")
    limits = ", ".join(f"{limit}" for limit in field.metadata if "pattern" not in str(limit))
    default = "" if field.is_required() else f", default {field.default!r}"
    return f"`{name}`{f' ({limits})' if limits else ''}{default}"
