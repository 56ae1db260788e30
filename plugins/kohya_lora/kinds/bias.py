"""`diff_b` is added to the module's bias, alone or beside any change of its weight. Source: LyCORIS modules/full.py."""

from hub.plugin_api import AdapterPlan, AddedTarget
from plugins.kohya_lora.kinds.kind import FileModule, Kind


def _plan(module: FileModule) -> AdapterPlan:
    return AdapterPlan(added=(AddedTarget(module.component, f"{module.path}.bias", module.of("diff_b")),))


KIND = Kind("diff_b", telling=frozenset({"diff_b"}), needed=frozenset({"diff_b"}), optional=frozenset(), plan=_plan)
