"""LoKr: the Kronecker product w1 x w2, each factor whole or split into _a @ _b; with a core t2, w2_a lies transposed.

Source: LyCORIS modules/lokr.py and functional/lokr.py. alpha counts only where a factor is split.
"""

from hub.plugin_api import AdapterPlan, Factor, FactoredTarget, UnsupportedFileError
from plugins.kohya_lora.kinds.kind import FileModule, Kind

PARTS = frozenset(f"lokr_w{number}{side}" for number in (1, 2) for side in ("", "_a", "_b"))
CORE = "lokr_t2"


def _plan(module: FileModule) -> AdapterPlan:
    target = FactoredTarget(
        module.component,
        module.path,
        "kronecker",
        (_factor(module, "lokr_w1", ""), _factor(module, "lokr_w2", module.either(CORE))),
        module.optional("alpha"),
        magnitude=module.optional("dora_scale"),
        magnitude_axis=module.magnitude_axis,
    )
    return AdapterPlan(factored=(target,))


def _factor(module: FileModule, name: str, core: str) -> Factor:
    has = {part for part in ("", "_a", "_b") if f"{name}{part}" in module.shapes}
    if has == {""} and not core:
        return Factor(whole=module.of(name))
    if has == {"_a", "_b"}:
        return Factor(left=module.of(f"{name}_a"), right=module.of(f"{name}_b"), core=core, left_transposed=bool(core))
    raise UnsupportedFileError(
        "incomplete_module",
        f"The module {module.name} of this LoKr needs either {name} or both {name}_a and {name}_b. Export it again.",
    )


KIND = Kind(
    "LoKr",
    telling=PARTS | {CORE},
    needed=frozenset(),
    optional=PARTS | {CORE, "alpha", "dora_scale"},
    plan=_plan,
)
