"""From the tensors of a file to modules of the base, for every naming whose endings are kohya's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from hub.plugin_api import AdapterPlan, ModelLayout, Shape, UnsupportedFileError, joined, some
from hub.tensor_file import FileHeader
from plugins.kohya_lora.kinds import plan_of, split_name
from plugins.kohya_lora.kinds.kind import FileModule
from plugins.kohya_lora.names import DIFFUSERS_NAMES, SGM_NAMES
from plugins.textual_inversion.bundles import bundled, without_bundles

Place = tuple[str, str]


def planned(header: FileHeader, layout: ModelLayout, places: Mapping[str, Place], naming: str) -> AdapterPlan:
    """`places` is every name that the naming has for a module -> component and path.

    Raises UnsupportedFileError, with the list of what has no place.
    """
    modules = _grouped(without_bundles(header))
    if unknown := modules.keys() - places.keys():
        raise UnsupportedFileError(
            "unknown_modules",
            f"The base has no place for {len(unknown)} modules of this file in {naming}: {some(unknown)}. "
            "Choose the base that it was trained on.",
            unknown,
        )
    found = plan_of(FileModule(name, *places[name], shapes) for name, shapes in sorted(modules.items()))
    return joined([found, AdapterPlan(embeddings=bundled(header, layout))])


def adaptable(layout: ModelLayout, component: str) -> list[str]:
    """Paths of all modules of a component that some kind of adapter changes."""
    return [*layout.modules(component), *layout.norms(component)]


def refuse_mixed_blocks(names: Iterable[str]) -> None:
    """`names` are those of UNet modules without their prefix. Raises UnsupportedFileError for two namings in one file."""
    flat = {name.replace(".", "_") for name in names}
    sgm = [name for name in flat if name.startswith(SGM_NAMES)]
    diffusers = [name for name in flat if name.startswith(DIFFUSERS_NAMES)]
    if sgm and diffusers:
        raise UnsupportedFileError(
            "mixed_names",
            f"This file names some modules as Stability's UNet does ({some(sgm)}) and some as diffusers does "
            f"({some(diffusers)}), so no trainer wrote it as it is. Export it again.",
            [*sgm, *diffusers],
        )


def _grouped(header: FileHeader) -> dict[str, dict[str, Shape]]:
    """Module -> ending -> shape."""
    modules: dict[str, dict[str, Shape]] = defaultdict(dict)
    for name, info in header.tensors.items():
        module, ending = split_name(name)
        modules[module][ending] = info.shape
    return dict(modules)
