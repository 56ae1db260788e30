"""LoHa: (w1_a @ w1_b) o (w2_a @ w2_b), number by number; with Tucker cores t1 and t2, w1_a and w2_a lie transposed.

Source: LyCORIS modules/loha.py and functional/loha.py.
"""

from hub.plugin_api import AdapterPlan, Factor, FactoredTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind

NEEDED = frozenset({"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"})
CORES = frozenset({"hada_t1", "hada_t2"})


def _plan(module: FileModule) -> AdapterPlan:
    target = FactoredTarget(
        module.component,
        module.path,
        "hadamard",
        (_factor(module, 1), _factor(module, 2)),
        module.optional("alpha"),
        magnitude=module.optional("dora_scale"),
        magnitude_axis=module.magnitude_axis,
    )
    return AdapterPlan(factored=(target,))


def _factor(module: FileModule, number: int) -> Factor:
    core = module.either(f"hada_t{number}")
    return Factor(
        left=module.of(f"hada_w{number}_a"),
        right=module.of(f"hada_w{number}_b"),
        core=core,
        left_transposed=bool(core),
    )


KIND = Kind(
    "LoHa",
    telling=NEEDED | CORES,
    needed=NEEDED,
    optional=CORES | {"alpha", "dora_scale"},
    plan=_plan,
)
