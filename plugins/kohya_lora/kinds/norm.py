"""`w_norm` and `b_norm` are added to the weight and bias of a normalisation layer. Source: LyCORIS modules/norms.py."""

from hub.plugin_api import AdapterPlan, AddedTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind

PARAMETERS = {"w_norm": "weight", "b_norm": "bias"}


def _plan(module: FileModule) -> AdapterPlan:
    return AdapterPlan(
        added=tuple(
            AddedTarget(module.component, f"{module.path}.{parameter}", module.of(ending))
            for ending, parameter in PARAMETERS.items()
            if ending in module.shapes
        )
    )


KIND = Kind(
    "norm",
    telling=frozenset(PARAMETERS),
    needed=frozenset({"w_norm"}),
    optional=frozenset({"b_norm"}),
    plan=_plan,
)
