"""Recognises what the hub can't serve, and says so with its name."""

from collections.abc import Callable, Set
from dataclasses import dataclass

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader


@dataclass(frozen=True)
class OtherKind:
    """A kind of file, told by the names of its tensors, and why it is refused."""

    fits: Callable[[Set[str]], bool]
    refusal: Callable[[], UnsupportedFileError]


KINDS = (
    OtherKind(
        lambda names: "lora_controlnet" in names,
        lambda: UnsupportedFileError(
            "control_lora",
            "This is a Control-LoRA, which needs a picture to follow and is not served. Upload a LoRA of a style.",
        ),
    ),
)


class OtherKindsFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return _kind(header) is not None

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:  # noqa: ARG002 - no base makes it servable
        kind = _kind(header)
        if kind is None:
            raise UnsupportedFileError(
                "unknown_format", "This file is none of the kinds that are known here. Export it as a LoRA."
            )
        raise kind.refusal()


def _kind(header: FileHeader) -> OtherKind | None:
    names = header.tensors.keys()
    return next((kind for kind in KINDS if names and kind.fits(names)), None)
