"""What a kind of change is: its endings, and the plan for one module that has them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.plugin_api import AdapterPlan, Shape


@dataclass(frozen=True)
class FileModule:
    """The tensors that a file holds for one module of the base; `shapes` is by ending."""

    name: str
    component: str
    path: str
    shapes: Mapping[str, Shape]

    def of(self, ending: str) -> str:
        return f"{self.name}.{ending}" if ending else self.name

    def optional(self, ending: str) -> str | None:
        return self.of(ending) if ending in self.shapes else None

    def either(self, ending: str) -> str:
        """The tensor's name, or "" where the file has none."""
        return self.optional(ending) or ""

    @property
    def is_unscaled(self) -> bool:
        """A LoKr with both factors whole has no rank, and so no alpha."""
        return {"lokr_w1", "lokr_w2"} <= self.shapes.keys()

    @property
    def magnitude_axis(self) -> Literal[0, 1]:
        """Where a DoRA's lengths lie: LyCORIS and OneTrainer write [out, 1, ...] or [1, in, ...]."""
        shape = self.shapes.get("dora_scale", ())
        return 1 if len(shape) > 1 and shape[0] == 1 and shape[1] != 1 else 0


@dataclass(frozen=True)
class Kind:
    """Any of the `telling` endings makes a module one of this kind."""

    title: str
    telling: frozenset[str]
    needed: frozenset[str]
    optional: frozenset[str]
    plan: Callable[[FileModule], AdapterPlan]

    @property
    def endings(self) -> frozenset[str]:
        return self.telling | self.needed | self.optional
