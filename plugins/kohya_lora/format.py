"""Assigns the tensors of a kohya LoRA to the base's modules by looking their names up."""

from collections import defaultdict
from collections.abc import Iterable

from hub.plugin_api import AdapterFormat, AdapterPlan, LowRankTarget, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader
from plugins.kohya_lora.names import DIFFUSERS_BLOCKS, SGM_BLOCKS, TEXT_PREFIXES, UNET_PREFIX, kohya_names

PREFIXES = (UNET_PREFIX, *TEXT_PREFIXES.values(), "lora_te_")
DOWN, UP, ALPHA = "lora_down.weight", "lora_up.weight", "alpha"
# How kin of LoRA are told by their tensors; serving one as plain LoRA would make wrong pictures in silence.
KIN = {
    "dora_scale": "DoRA",
    "lora_mid.weight": "LoCon with a middle weight (Tucker)",
    "hada_w1_a": "LoHa",
    "hada_w1_b": "LoHa",
    "hada_w2_a": "LoHa",
    "hada_w2_b": "LoHa",
    "hada_t1": "LoHa",
    "hada_t2": "LoHa",
    "lokr_w1": "LoKr",
    "lokr_w1_a": "LoKr",
    "lokr_w1_b": "LoKr",
    "lokr_w2": "LoKr",
    "lokr_w2_a": "LoKr",
    "lokr_w2_b": "LoKr",
    "lokr_t1": "LoKr",
    "lokr_t2": "LoKr",
    "on_input": "(IA)3",
    "oft_blocks": "OFT",
    "oft_diag": "OFT",
    "a1.weight": "GLoRA",
    "b1.weight": "GLoRA",
    "diff": "whole differences (diff)",
    "diff_b": "whole differences (diff)",
    "w_norm": "norm differences",
    "b_norm": "norm differences",
}


class KohyaLoraFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.startswith(PREFIXES) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        modules = _grouped(header.tensors)
        _refuse_kin(modules)
        _refuse_mixed(modules)
        targets = {
            name: (component, module)
            for component in layout.components
            for name, module in kohya_names(component, layout.modules(component)).items()
        }
        if unknown := sorted(modules.keys() - targets.keys()):
            raise UnsupportedFileError(
                "unknown_modules",
                f"The base has no place for {len(unknown)} modules of this kohya LoRA: {_some(unknown)}. "
                "Choose the base that it was trained on.",
            )
        return AdapterPlan(
            low_rank=tuple(_target(name, parts, *targets[name]) for name, parts in sorted(modules.items()))
        )


def _grouped(names: Iterable[str]) -> dict[str, set[str]]:
    """Module name -> the endings of its tensors; kohya's names have no dot before the ending."""
    modules: dict[str, set[str]] = defaultdict(set)
    for name in names:
        module, _, ending = name.partition(".")
        modules[module].add(ending)
    return dict(modules)


def _refuse_kin(modules: dict[str, set[str]]) -> None:
    kin = {f"{name}.{part}": KIN[part] for name, parts in modules.items() for part in parts if part in KIN}
    if kin:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"This file holds {' and '.join(sorted(set(kin.values())))}, which is not served yet: {_some(sorted(kin))}. "
            "Export it as a plain LoRA.",
        )


def _refuse_mixed(modules: Iterable[str]) -> None:
    names = sorted(name.removeprefix(UNET_PREFIX) for name in modules if name.startswith(UNET_PREFIX))
    sgm = [name for name in names if name.startswith(SGM_BLOCKS)]
    diffusers = [name for name in names if name.startswith(DIFFUSERS_BLOCKS)]
    if sgm and diffusers:
        raise UnsupportedFileError(
            "mixed_names",
            f"This kohya LoRA names some blocks as Stability's UNet does ({_some(sgm, 1)}) and some as diffusers does "
            f"({_some(diffusers, 1)}), so no trainer wrote it as it is. Export it again.",
        )


def _target(name: str, parts: set[str], component: str, module: str) -> LowRankTarget:
    if not {DOWN, UP} <= parts <= {DOWN, UP, ALPHA}:
        odd = sorted(parts - {DOWN, UP, ALPHA}) or sorted({DOWN, UP} - parts)
        raise UnsupportedFileError(
            "incomplete_module",
            f"The module {name} of this kohya LoRA needs {DOWN} and {UP}, and may have {ALPHA}; look at its {_some(odd)}. "
            "Export it again.",
        )
    alpha = f"{name}.{ALPHA}" if ALPHA in parts else None
    return LowRankTarget(component, module, f"{name}.{DOWN}", f"{name}.{UP}", alpha)


def _some(names: Iterable[str], shown: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:shown]) + (", ..." if len(listed) > shown else "")
