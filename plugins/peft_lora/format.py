"""Assigns the tensors of a LoRA in diffusers' or peft's naming to the base's modules: their names are the paths."""

from collections.abc import Iterable, Mapping

from hub.plugin_api import AdapterFormat, AdapterPlan, LowRankTarget, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader
from plugins.peft_lora.settings import LoraSettings, read_settings

DOWN, UP, ALPHA = ".lora_A.weight", ".lora_B.weight", ".alpha"
# What the names begin with -> the component. A PEFT folder holds one model, and that is the UNet.
PREFIXES = {
    "unet.": "unet",
    "text_encoder.": "text_encoder",
    "text_encoder_2.": "text_encoder_2",
    "base_model.model.": "unet",
}


class PeftLoraFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.endswith(DOWN) and name.startswith(tuple(PREFIXES)) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        names = sorted(name.removesuffix(DOWN) for name in header.tensors if name.endswith(DOWN))
        _refuse_rest(header, names)
        settings = {component: read_settings(header.metadata, component) for component in PREFIXES.values()}
        targets = tuple(_target(name, header, layout, settings) for name in names)
        _refuse_unclear_alpha(targets, header)
        return AdapterPlan(low_rank=targets)


def _target(name: str, header: FileHeader, layout: ModelLayout, settings: Mapping[str, LoraSettings]) -> LowRankTarget:
    component, path = _split(name)
    module = _module(component, path, layout)
    rank = _rank(header, name + DOWN)
    own = settings[component]
    if own.rank(path) not in (0, rank):
        raise UnsupportedFileError(
            "bad_metadata",
            f"{name} has rank {rank}, but the file's metadata says {own.rank(path)}. Save the file again with diffusers.",
        )
    alpha = name + ALPHA if name + ALPHA in header.tensors else None
    return LowRankTarget(component, module, name + DOWN, name + UP, alpha, own.alpha(path, rank))


def _rank(header: FileHeader, down: str) -> int:
    """0 for a tensor without dimensions, which the core's shape check then refuses."""
    return next(iter(header.tensors[down].shape), 0)


def _split(name: str) -> tuple[str, str]:
    for prefix, component in PREFIXES.items():
        if name.startswith(prefix):
            return component, name.removeprefix(prefix)
    raise UnsupportedFileError(
        "unknown_modules",
        f"{name} does not say which model it belongs to. Save the file with diffusers and upload it again.",
    )


def _module(component: str, path: str, layout: ModelLayout) -> str:
    """The base's own path; one text encoder's lost its `text_model.` in transformers 5, older files still have it."""
    modules = layout.modules(component)
    for candidate in (path, path.removeprefix("text_model."), f"text_model.{path}"):
        if candidate in modules:
            return candidate
    raise UnsupportedFileError(
        "unknown_modules",
        f"The base has no module {component}.{path} to adapt. Choose the base that the file was trained on.",
    )


def _refuse_rest(header: FileHeader, names: Iterable[str]) -> None:
    """Every tensor must be one of a pair, or a pair's alpha."""
    known = {name + ending for name in names for ending in (DOWN, UP, ALPHA)}
    missing = sorted(name + UP for name in names if name + UP not in header.tensors)
    if missing:
        raise UnsupportedFileError(
            "incomplete_module", f"The file lacks {_some(missing)}. Save it again with diffusers and upload it."
        )
    if odd := sorted(header.tensors.keys() - known):
        kind = "DoRA magnitudes" if any("lora_magnitude_vector" in name for name in odd) else "tensors"
        raise UnsupportedFileError(
            "unsupported_kind",
            f"This file in peft's naming holds {len(odd)} {kind} that are not served yet: {_some(odd)}. "
            "Export it as a plain LoRA.",
        )


def _refuse_unclear_alpha(targets: Iterable[LowRankTarget], header: FileHeader) -> None:
    """One rank and no alpha means alpha = rank, as everywhere; with several ranks nobody can tell."""
    silent = [target for target in targets if target.alpha is None and target.alpha_value is None]
    if len({_rank(header, target.down) for target in silent}) > 1:
        raise UnsupportedFileError(
            "unclear_alpha",
            "The file holds several ranks but no lora_adapter_metadata that says their alpha. Save it again with diffusers.",
        )


def _some(names: Iterable[str], shown: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:shown]) + (", ..." if len(listed) > shown else "")
