"""Assigns the tensors of a LoRA in diffusers' or peft's naming to the base's modules: their names are the paths."""

from collections.abc import Iterable, Mapping

from hub.plugin_api import (
    AdapterFormat,
    AdapterPlan,
    Factor,
    FactoredTarget,
    LowRankTarget,
    ModelLayout,
    NoConfig,
    UnsupportedFileError,
    joined,
    some,
)
from hub.tensor_file import FileHeader
from plugins.peft_lora.names import ALPHA, DOWN, FOLDER, MAGNITUDES, PIPELINE, UNSERVED, UP, naming_of, split
from plugins.peft_lora.products import holds_products, products_plan
from plugins.peft_lora.settings import LoraSettings, read_settings
from plugins.textual_inversion.bundles import bundled, without_bundles


class PeftLoraFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.endswith(DOWN) or name.startswith(tuple(FOLDER)) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        found = _weights_plan(without_bundles(header), layout)
        return joined([found, AdapterPlan(embeddings=bundled(header, layout))])


def _weights_plan(header: FileHeader, layout: ModelLayout) -> AdapterPlan:
    _refuse_unserved(header)
    if holds_products(header.tensors):
        return products_plan(header, layout)
    naming = naming_of(header.tensors)
    names = sorted(name.removesuffix(DOWN) for name in header.tensors if name.endswith(DOWN))
    _refuse_rest(header, names)
    settings = {
        component: read_settings(header.metadata, component, alone=naming is not PIPELINE)
        for component in naming.values()
    }
    layout.check_modules(split(name, naming) for name in names)
    low_rank = [_target(name, header, layout, naming, settings) for name in names]
    _refuse_unclear_alpha(low_rank, header, is_told_elsewhere=naming is not PIPELINE)
    magnitudes = [_magnitude(name, header) for name in names]
    _refuse_lost_magnitudes(settings, low_rank, magnitudes)
    both = list(zip(low_rank, magnitudes, strict=True))
    return AdapterPlan(
        low_rank=tuple(target for target, magnitude in both if not magnitude),
        factored=tuple(_stretched(target, magnitude) for target, magnitude in both if magnitude),
    )


def _target(
    name: str, header: FileHeader, layout: ModelLayout, naming: Mapping[str, str], settings: Mapping[str, LoraSettings]
) -> LowRankTarget:
    component, path = split(name, naming)
    module = layout.module(component, path)
    rank = _rank(header, name + DOWN)
    own = settings[component]
    if own.rank(path) not in (0, rank):
        raise UnsupportedFileError(
            "bad_metadata",
            f"{name} has rank {rank}, but the file's metadata says {own.rank(path)}. Save the file again with diffusers.",
        )
    alpha = name + ALPHA if name + ALPHA in header.tensors else None
    return LowRankTarget(component, module, name + DOWN, name + UP, alpha, own.alpha(path, rank))


def _stretched(target: LowRankTarget, magnitude: str) -> FactoredTarget:
    """DoRA: peft keeps one length per output. Source: peft tuners/lora/dora.py."""
    return FactoredTarget(
        target.component,
        target.module,
        "product",
        (Factor(left=target.up, right=target.down),),
        target.alpha,
        target.alpha_value,
        magnitude=magnitude,
    )


def _magnitude(name: str, header: FileHeader) -> str:
    return next((name + ending for ending in MAGNITUDES if name + ending in header.tensors), "")


def _rank(header: FileHeader, down: str) -> int:
    """0 for a tensor without dimensions, which the core's shape check then refuses."""
    return next(iter(header.tensors[down].shape), 0)


def _refuse_unserved(header: FileHeader) -> None:
    found = {name: kind for name in header.tensors for part, kind in UNSERVED.items() if part in name}
    if found:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"This file holds {' and '.join(sorted(set(found.values())))}, which is not served: {some(found)}. "
            "Export it as a LoRA, or with LyCORIS.",
            found,
        )


def _refuse_rest(header: FileHeader, names: Iterable[str]) -> None:
    """Every tensor must be one of a pair, or a pair's alpha or magnitude."""
    known = {name + ending for name in names for ending in (DOWN, UP, ALPHA, *MAGNITUDES)}
    missing = [name + UP for name in names if name + UP not in header.tensors]
    if missing:
        raise UnsupportedFileError(
            "incomplete_module",
            f"The file lacks {some(missing)}. Save it again with diffusers and upload it.",
            missing,
        )
    if odd := header.tensors.keys() - known:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"This file in peft's naming holds {len(odd)} tensors that are not served: {some(odd)}. "
            "Export it as a plain LoRA.",
            odd,
        )


def _refuse_unclear_alpha(targets: Iterable[LowRankTarget], header: FileHeader, *, is_told_elsewhere: bool) -> None:
    """One rank and no alpha means alpha = rank in a pipeline's file; with several ranks nobody can tell.

    A PEFT folder tells it in adapter_config.json, which is not in the file.
    """
    silent = [target for target in targets if target.alpha is None and target.alpha_value is None]
    if len({_rank(header, target.down) for target in silent}) > 1 or (silent and is_told_elsewhere):
        raise UnsupportedFileError(
            "unclear_alpha",
            "The file does not say its lora_alpha, without which its strength is unknown. Put adapter_config.json as text "
            "into the metadata entry lora_adapter_metadata, or save it with diffusers' save_lora_weights.",
        )


def _refuse_lost_magnitudes(
    settings: Mapping[str, LoraSettings], targets: Iterable[LowRankTarget], magnitudes: Iterable[str]
) -> None:
    lost = [
        f"{target.component}.{target.module}"
        for target, magnitude in zip(targets, magnitudes, strict=True)
        if settings[target.component].use_dora and not magnitude
    ]
    if lost:
        raise UnsupportedFileError(
            "incomplete_module",
            f"The file's metadata says that it is a DoRA, but the magnitudes of these are missing: {some(lost)}. "
            "Save it again with diffusers.",
            lost,
        )
