"""Decides from the header alone what a file is and whether the hub can serve it: no weight is read for that."""

import math
import re
from collections.abc import Iterator, Sequence

import structlog
from django.utils.translation import gettext as _

from hub.config import plugin_registry
from hub.plugin_api import ADAPTER_FORMAT, ENGINE
from hub.registry import Registry
from hub.tensor_file import WEIGHT_DTYPES, FileHeader
from marketplace.uploads.errors import FileRefused
from marketplace.uploads.file_metadata import bases_named
from marketplace.uploads.limits import MAX_LORA_BYTES, MAX_LORA_HEADER_BYTES, MAX_RANK

log = structlog.get_logger(__name__)

# Numbers that count positions, which checkpoints bring along and nothing reads.
POSITIONS = ".position_ids"
# The first factor of a low-rank pair in every naming in use (kohya, peft, diffusers old and new); its first size is the rank.
DOWN_FACTOR = re.compile(r"(lora_down|lora_A|lora\.down|lora_linear_layer\.down)(\.|$)")


def check_header(header: FileHeader, file_size: int, engine: str) -> str:
    """The id of the adapter format that reads this file. Raises FileRefused."""
    _check_types(header)
    _check_base(header, engine)
    if ranks := list(_ranks(header)):
        _check_lora(header, file_size, max(ranks))
    return recognised_format(header, plugin_registry())


def recognised_format(header: FileHeader, registry: Registry) -> str:
    """The one enabled format that knows this file. Raises FileRefused for none, several, or one that crashes."""
    known = registry.ids(ADAPTER_FORMAT)
    found = [format_id for format_id in known if _recognises(registry, format_id, header)]
    if not found:
        raise FileRefused(
            "unknown_format",
            _("No format that is read here fits this file. Export it again in one of these: %(formats)s.")
            % {"formats": _listed(known)},
        )
    if len(found) > 1:
        raise FileRefused(
            "ambiguous_format",
            _("This file fits several formats (%(formats)s). Export one adapter alone.") % {"formats": _listed(found)},
        )
    return found[0]


def _recognises(registry: Registry, format_id: str, header: FileHeader) -> bool:
    try:
        return registry.get(ADAPTER_FORMAT, format_id).recognise(header)
    except Exception as error:  # the plugin boundary: a format may raise anything, and the safe side is to refuse
        log.exception("upload.format_crashed", format=format_id)
        raise FileRefused(
            "format_failed",
            _("The reader for “%(format)s” failed on this file, so it can't be accepted. Export it in another format.")
            % {"format": format_id},
        ) from error


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(sorted(ids)) or _("none")


def _check_types(header: FileHeader) -> None:
    for name, info in header.tensors.items():
        # A flag or an alpha is one number, of whatever type: a format says which it needs.
        if info.dtype not in WEIGHT_DTYPES and math.prod(info.shape) != 1 and not name.endswith(POSITIONS):
            raise FileRefused(
                "bad_dtype",
                _("Tensor “%(name)s” has type %(type)s. Save the file as float32, float16 or bfloat16.")
                % {"name": name[:80], "type": info.dtype},
            )


def _check_base(header: FileHeader, engine: str) -> None:
    families = plugin_registry().info(ENGINE, engine).families
    for named in bases_named(header.metadata):
        if not families or named.lower().startswith(families):
            continue
        raise FileRefused(
            "wrong_base",
            _(
                "This file says it is for “%(base)s”, which this base model is not. Upload it for the base it was made for."
            )
            % {"base": named[:80]},
        )


def _ranks(header: FileHeader) -> Iterator[int]:
    for name, info in header.tensors.items():
        if DOWN_FACTOR.search(name) and info.shape:
            yield info.shape[0]


def _check_lora(header: FileHeader, file_size: int, rank: int) -> None:
    if rank > MAX_RANK:
        raise FileRefused(
            "over_rank",
            _("This LoRA has rank %(rank)d; at most %(most)d is served. Resize it to a lower rank.")
            % {"rank": rank, "most": MAX_RANK},
        )
    if file_size > MAX_LORA_BYTES:
        raise FileRefused("too_large", _("A LoRA may have at most 1 GiB. Resize it to a lower rank."))
    if header.data_offset - 8 > MAX_LORA_HEADER_BYTES:
        raise FileRefused(
            "header_too_large", _("The header of a LoRA may have at most 1 MiB. Save the file with less metadata.")
        )
