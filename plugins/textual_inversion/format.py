"""Reads a file that holds nothing but textual inversions: one for the word that the file is called, or a bundle of them."""

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader
from plugins.textual_inversion.bundles import BUNDLE, bundled, without_bundles
from plugins.textual_inversion.words import ENCODERS, FOR_ONE_ENCODER, targets

ENDING = ".safetensors"


class TextualInversionFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        names = header.tensors.keys()
        known = {*ENCODERS, *FOR_ONE_ENCODER}
        return bool(names) and all(name in known or name.startswith(BUNDLE) for name in names)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        alone = without_bundles(header).tensors.keys()
        if not alone:
            return AdapterPlan(embeddings=bundled(header, layout))
        if len(alone) < len(header.tensors):
            raise UnsupportedFileError(
                "mixed_names",
                "This file holds an embedding of its own beside bundled ones, so no trainer wrote it. Export one of them alone.",
            )
        return AdapterPlan(embeddings=targets(_word(header), {name: name for name in alone}, layout))


def _word(header: FileHeader) -> str:
    """What the creator called the file: it holds no word itself, and every program takes this one."""
    name = header.file_name
    return name[: -len(ENDING)] if name.lower().endswith(ENDING) else name
