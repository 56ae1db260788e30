"""The kinds of change that a module's tensors can be, told by the endings of their names; see kind.py first."""

from collections.abc import Iterable

from hub.plugin_api import AdapterPlan, UnsupportedFileError, joined, some
from plugins.kohya_lora.kinds import bias, full, ia3, loha, lokr, lora, norm
from plugins.kohya_lora.kinds.kind import FileModule, Kind
from plugins.kohya_lora.kinds.unserved import UNSERVED

KINDS: tuple[Kind, ...] = (lora.KIND, loha.KIND, lokr.KIND, ia3.KIND, full.KIND, norm.KIND, bias.KIND)
# Longest first: `lora_up.weight` ends in `weight`, which is an ending of its own.
ENDINGS = sorted({*UNSERVED, *(ending for kind in KINDS for ending in kind.endings)}, key=len, reverse=True)


def split_name(tensor: str) -> tuple[str, str]:
    """A tensor's module and ending; the ending is "" where it is none that any kind has."""
    for ending in ENDINGS:
        if tensor.endswith(f".{ending}"):
            return tensor.removesuffix(f".{ending}"), ending
    return tensor, ""


def plan_of(modules: Iterable[FileModule]) -> AdapterPlan:
    """What all modules of a file ask for. Raises UnsupportedFileError, naming the kind or listing the names."""
    found = list(modules)
    _refuse_unserved(found)
    kinds = [(module, _kinds(module)) for module in found]
    _refuse_some_without_alpha(module for module, own in kinds if any("alpha" in kind.optional for kind in own))
    return joined(kind.plan(module) for module, own in kinds for kind in own)


def _kinds(module: FileModule) -> list[Kind]:
    """The module's one change of weights, and beside it one of its bias. Together they use all its tensors."""
    kinds = [kind for kind in KINDS if kind.telling & module.shapes.keys()]
    titles = " and ".join(kind.title for kind in kinds)
    if len([kind for kind in kinds if kind is not bias.KIND]) > 1:
        raise UnsupportedFileError(
            "mixed_kinds", f"The module {module.name} is {titles} at once, so no trainer wrote it. Export it again."
        )
    missing = {ending for kind in kinds for ending in kind.needed} - module.shapes.keys()
    unknown = module.shapes.keys() - {ending for kind in kinds for ending in kind.endings}
    if missing or unknown or not kinds:
        said = [f"has no {ending}" for ending in sorted(missing)] + [f"has {ending}" for ending in sorted(unknown)]
        raise UnsupportedFileError(
            "incomplete_module",
            f"The module {module.name} can't be read as {titles or 'any kind of adapter'}: it {', '.join(said)}. "
            "Export the file again.",
        )
    return kinds


def _refuse_unserved(modules: Iterable[FileModule]) -> None:
    found = {
        module.of(ending): UNSERVED[ending] for module in modules for ending in module.shapes if ending in UNSERVED
    }
    if found:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"This file holds {' and '.join(sorted(set(found.values())))}, which is not served: {some(found)}. "
            "Export it as a LoRA, LoHa or LoKr.",
            found,
        )


def _refuse_some_without_alpha(modules: Iterable[FileModule]) -> None:
    """A trainer writes alpha for every module or for none; where some were lost, nobody knows their strength."""
    found = list(modules)
    without = [module.name for module in found if "alpha" not in module.shapes and not module.is_unscaled]
    if without and any("alpha" in module.shapes for module in found):
        raise UnsupportedFileError(
            "unclear_alpha",
            f"{len(without)} modules of this file have no alpha while others have one: {some(without)}. Export it again.",
            without,
        )
