"""LoHa and LoKr as peft saves them: a folder's adapter_model.safetensors, whose alpha stands beside it in its config.

Sources: peft tuners/loha/layer.py, tuners/lokr/layer.py. The tensors are LyCORIS', the names are paths, and no alpha is
among them. Unlike LyCORIS, peft scales by alpha / r even a LoKr whose factors are both whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hub.plugin_api import AdapterPlan, FactoredTarget, ModelLayout, Shape, UnsupportedFileError, some
from hub.tensor_file import FileHeader
from plugins.kohya_lora.kinds import loha, lokr, plan_of
from plugins.kohya_lora.kinds.kind import FileModule
from plugins.peft_lora.names import FOLDER, split
from plugins.peft_lora.settings import LoraSettings, read_settings

ENDINGS = loha.KIND.telling | lokr.KIND.telling
COMPONENT = "unet"


def holds_products(names: Iterable[str]) -> bool:
    return any(_ending(name) in ENDINGS for name in names)


def products_plan(header: FileHeader, layout: ModelLayout) -> AdapterPlan:
    """Raises UnsupportedFileError, also where the metadata do not say r and alpha."""
    settings = read_settings(header.metadata, COMPONENT, alone=True)
    modules = list(_modules(header, layout))
    plan = plan_of(modules)
    paths = {f"{module.component}.{module.path}": module.name for module in modules}
    return replace(plan, factored=tuple(_scaled(target, paths, header, settings) for target in plan.factored))


def _modules(header: FileHeader, layout: ModelLayout) -> Iterator[FileModule]:
    shapes: dict[str, dict[str, Shape]] = defaultdict(dict)
    for name, info in header.tensors.items():
        shapes[name.rpartition(".")[0]][_ending(name)] = info.shape
    if odd := [name for name in shapes if not name.startswith(tuple(FOLDER))]:
        raise UnsupportedFileError(
            "mixed_names",
            f"These names of a LoHa or LoKr do not begin with {' or '.join(FOLDER)}, as a PEFT folder's do: {some(odd)}. "
            "Export it with LyCORIS, or as peft's save_pretrained writes it.",
            odd,
        )
    layout.check_modules(split(name, FOLDER) for name in shapes)
    for name, own in sorted(shapes.items()):
        component, path = split(name, FOLDER)
        yield FileModule(name, component, layout.module(component, path), own)


def _scaled(
    target: FactoredTarget, names: Mapping[str, str], header: FileHeader, settings: LoraSettings
) -> FactoredTarget:
    """With the alpha that gives peft's scale, alpha / r."""
    name = names[f"{target.component}.{target.module}"]
    path = split(name, FOLDER)[1]
    rank, alpha = settings.rank(path), settings.alpha(path, settings.rank(path))
    if not rank or alpha is None:
        raise UnsupportedFileError(
            "unclear_alpha",
            f"The file does not say r and alpha of {name}, without which its strength is unknown. Put the text of "
            "adapter_config.json into the metadata entry lora_adapter_metadata.",
        )
    _check_scale(name, target, header, rank, alpha)
    return replace(target, alpha_value=alpha)


def _check_scale(name: str, target: FactoredTarget, header: FileHeader, rank: int, alpha: float) -> None:
    """A pack divides alpha by the rank that the factors show, and takes factors that are both whole as they are."""
    shown = {_rank(factor.left, header, transposed=factor.left_transposed) for factor in target.factors if factor.left}
    if shown - {rank}:
        raise UnsupportedFileError(
            "bad_metadata",
            f"{name} has rank {max(shown)}, but the file's metadata says {rank}. Save the file again with peft.",
        )
    if not shown and alpha != rank:
        raise UnsupportedFileError(
            "unsupported_kind",
            f"{name} is a LoKr with both factors whole, which peft scales by {alpha:g}/{rank} and LyCORIS by 1. That is not "
            "served: multiply it into lokr_w2 and say alpha = r.",
        )


def _rank(left: str, header: FileHeader, *, transposed: bool) -> int:
    """0 for a tensor that has no such size, which the core's shape check then refuses."""
    shape = header.tensors[left].shape
    return next(iter(shape if transposed else shape[1:]), 0)


def _ending(name: str) -> str:
    return name.rpartition(".")[2]
