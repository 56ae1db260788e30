"""What a checkpoint brings along unchanged: a fine-tune of the UNet alone is saved with the base's own text encoders."""

from dataclasses import replace

import numpy as np

from hub.plugin_api import AdapterPlan, UnsupportedFileError, WeightTarget
from serving.adapters.stored import StoredBase
from serving.adapters.tensor_bytes import TensorFile, viewed


def without_unchanged(plan: AdapterPlan, source: TensorFile, base: StoredBase) -> AdapterPlan:
    """The plan without the components that are the base's, number for number. Whether they are is asked of `base` alone.

    Raises UnsupportedFileError where nothing is left of a model.
    """
    components = {target.component for target in plan.weights}
    same = {name for name in components if _is_base_s([t for t in plan.weights if t.component == name], source, base)}
    if same and same == components:
        raise UnsupportedFileError(
            "nothing_changed", "This model is its base, number for number. Upload the one that you trained."
        )
    return replace(plan, weights=tuple(target for target in plan.weights if target.component not in same))


def _is_base_s(targets: list[WeightTarget], source: TensorFile, base: StoredBase) -> bool:
    return all(_is_same(target, source, base) for target in targets)


def _is_same(target: WeightTarget, source: TensorFile, base: StoredBase) -> bool:
    own = base.get(target.component)
    info = own.header.tensors.get(target.parameter) if own else None
    if own is None or info is None:
        return False
    if info.dtype == source.header.tensors[target.source].dtype:
        return np.array_equal(*_flat(own.raw(target.parameter), viewed(source.raw(target.source), target.view)))
    return np.array_equal(*_flat(own.numbers(target.parameter), viewed(source.numbers(target.source), target.view)))


def _flat(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return one.reshape(-1), other.reshape(-1)
