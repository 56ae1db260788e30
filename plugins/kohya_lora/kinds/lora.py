"""LoRA and LoCon: up @ down, for convolutions with the kernel in down or, as Tucker, in a middle weight.

With `dora_scale` it is a DoRA. Sources: LyCORIS modules/locon.py, sd-scripts networks/lora.py.
"""

from hub.plugin_api import AdapterPlan, Factor, FactoredTarget, LowRankTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind

DOWN, UP, MID = "lora_down.weight", "lora_up.weight", "lora_mid.weight"


def _plan(module: FileModule) -> AdapterPlan:
    down, up, alpha = module.of(DOWN), module.of(UP), module.optional("alpha")
    if not {MID, "dora_scale"} & module.shapes.keys():
        return AdapterPlan(low_rank=(LowRankTarget(module.component, module.path, down, up, alpha),))
    target = FactoredTarget(
        module.component,
        module.path,
        "product",
        (Factor(left=up, right=down, core=module.either(MID)),),
        alpha,
        magnitude=module.optional("dora_scale"),
        magnitude_axis=module.magnitude_axis,
    )
    return AdapterPlan(factored=(target,))


KIND = Kind(
    "LoRA",
    telling=frozenset({DOWN, UP, MID}),
    needed=frozenset({DOWN, UP}),
    optional=frozenset({MID, "alpha", "dora_scale"}),
    plan=_plan,
)
