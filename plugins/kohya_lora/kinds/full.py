"""Whole differences: `diff` is added to the module's weight. Source: LyCORIS modules/full.py."""

from hub.plugin_api import AdapterPlan, AddedTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind


def _plan(module: FileModule) -> AdapterPlan:
    return AdapterPlan(added=(AddedTarget(module.component, f"{module.path}.weight", module.of("diff")),))


KIND = Kind("diff", telling=frozenset({"diff"}), needed=frozenset({"diff"}), optional=frozenset(), plan=_plan)
