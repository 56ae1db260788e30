"""A format whose tensors are named dummy.<component>.<module>.down and .up."""

from hub.plugin_api import AdapterPlan, LowRankTarget, ModelLayout, UnsupportedFileError
from hub.tensor_file import FileHeader
from irodori_dummy.plugin import DummyConfig

PREFIX, DOWN, UP = "dummy.", ".down", ".up"


class DummyFormat:
    def __init__(self, config: DummyConfig) -> None:
        """Takes its plugin's config, as every component does."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.startswith(PREFIX) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        targets = tuple(_target(name, header, layout) for name in sorted(header.tensors) if name.endswith(DOWN))
        used = {name for target in targets for name in (target.down, target.up)}
        if rest := sorted(header.tensors.keys() - used):
            raise UnsupportedFileError("unknown_tensors", f"Nothing is known of {rest[0]}. Export the file again.")
        return AdapterPlan(low_rank=targets)


def _target(down: str, header: FileHeader, layout: ModelLayout) -> LowRankTarget:
    path = down.removesuffix(DOWN)
    component, _, module = path.removeprefix(PREFIX).partition(".")
    up = path + UP
    if up not in header.tensors or module not in layout.modules(component):
        raise UnsupportedFileError("unknown_modules", f"The base has no place for {path}. Choose another base.")
    return LowRankTarget(component, module, down, up)
