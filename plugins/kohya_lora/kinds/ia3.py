"""(IA)3: each output, or with on_input each input, of a module scaled by a trained number.

Source: LyCORIS modules/ia3.py; biases are not scaled, as when it merges.
"""

from hub.plugin_api import AdapterPlan, ScaledTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind


def _plan(module: FileModule) -> AdapterPlan:
    target = ScaledTarget(module.component, module.path, module.of("weight"), module.of("on_input"))
    return AdapterPlan(scaled=(target,))


KIND = Kind(
    "(IA)3",
    telling=frozenset({"on_input"}),
    needed=frozenset({"weight", "on_input"}),
    optional=frozenset(),
    plan=_plan,
)
