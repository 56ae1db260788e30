"""Assigns the tensors of a LoRA that diffusers wrote before it used peft. Alpha is the rank in all of them."""

from itertools import groupby

from hub.plugin_api import AdapterFormat, AdapterPlan, LowRankTarget, ModelLayout, NoConfig, UnsupportedFileError, some
from hub.tensor_file import FileHeader
from plugins.diffusers_old_lora.names import Half, half_of

Named = tuple[Half, str]


class OldLoraFormat(AdapterFormat):
    def __init__(self, config: NoConfig) -> None:
        """Takes its plugin's config, as every component does; it has none."""

    def recognise(self, header: FileHeader) -> bool:
        return any(half_of(name) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        halves = [(half, name) for name in header.tensors if (half := half_of(name))]
        if odd := header.tensors.keys() - {name for _, name in halves}:
            raise UnsupportedFileError(
                "unknown_tensors",
                f"{some(odd)} can't be read in this old naming of diffusers. Export the file again.",
                odd,
            )
        _refuse_mixed(halves)
        layout.check_modules(dict.fromkeys(_place(named) for named in halves))
        pairs = groupby(sorted(halves, key=_place), key=_place)
        return AdapterPlan(
            low_rank=tuple(_target(component, path, list(pair), layout) for (component, path), pair in pairs)
        )


def _place(named: Named) -> tuple[str, str]:
    return named[0].component, named[0].path


def _target(component: str, path: str, pair: list[Named], layout: ModelLayout) -> LowRankTarget:
    names = {half.side: name for half, name in pair}
    if len(pair) != 2 or len(names) != 2:
        raise UnsupportedFileError(
            "incomplete_module",
            f"The file needs one down and one up tensor of {component}.{path}, and has {some(name for _, name in pair)}. "
            "Export it again.",
        )
    return LowRankTarget(component, layout.module(component, path), names["down"], names["up"])


def _refuse_mixed(halves: list[Named]) -> None:
    bare = [name for half, name in halves if not half.prefix]
    if bare and len(bare) < len(halves):
        raise UnsupportedFileError(
            "mixed_names",
            f"{some(bare)} do not say which model they belong to, while others do. Export the file again.",
            bare,
        )
