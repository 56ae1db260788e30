"""What a format may say about a file: which of its tensors change which of the base's parameters, by which formula.

The words are few on purpose. Every adapter in use is a product of small matrices, a difference, a scaling, or vectors for a
word of the prompt; whatever can't be said in these words is refused by name, never served as something near it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from hub.jobs import PackKind

Shape = tuple[int, ...]
View = Literal["whole", "first", "middle", "last", "turned", "matrix"]
"""What is read of a tensor: all of it; the first, middle or last third of its rows; it turned, rows for columns; or a 1 x 1
convolution's kernel as a matrix."""
THIRDS: tuple[View, ...] = ("first", "middle", "last")
FactorRule = Literal["product", "hadamard", "kronecker"]
FACTORS_OF: dict[FactorRule, int] = {"product": 1, "hadamard": 2, "kronecker": 2}


@dataclass(frozen=True)
class LowRankTarget:
    """W of `component`.`module` gains weight x alpha/rank x up @ down; the last three name tensors of the file.

    Without an alpha tensor, alpha is `alpha_value`, and where that is None it is the rank.
    """

    component: str
    module: str
    down: str
    up: str
    alpha: str | None = None
    alpha_value: float | None = None


@dataclass(frozen=True)
class Factor:
    """A matrix [rows, columns, *kernel], as the file has it: `whole`, or left @ right, or left @ core @ right.

    left: [rows, rank], or [rank, rows] where `left_transposed`; right: [rank, columns, *kernel], with a core
    [rank, columns]; core (Tucker): [rank, rank, *kernel]. Kernels may lie flat in the last size, or be 1 x 1 and left out.
    """

    whole: str = ""
    left: str = ""
    right: str = ""
    core: str = ""
    left_transposed: bool = False

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.whole, self.left, self.right, self.core) if name)


@dataclass(frozen=True)
class FactoredTarget:
    """W of `component`.`module` gains weight x D, with D = alpha/rank x the factors put together by `rule`.

    "product": the one factor itself (LoRA, LoCon). "hadamard": both multiplied number by number (LoHa). "kronecker":
    every number of the first times the whole second (LoKr). Where no factor is split, alpha/rank is 1.

    With a `magnitude` (DoRA) W gains weight x (M - W) instead, where M is W + D with each slice along `magnitude_axis`
    (0: one per output, 1: one per input) stretched to the length that `magnitude` holds for it.
    """

    component: str
    module: str
    rule: FactorRule
    factors: tuple[Factor, ...]
    alpha: str | None = None
    alpha_value: float | None = None
    magnitude: str | None = None
    magnitude_axis: Literal[0, 1] = 0

    def names(self) -> Iterator[str]:
        for factor in self.factors:
            yield from factor.names()
        if self.magnitude:
            yield self.magnitude


@dataclass(frozen=True)
class AddedTarget:
    """`component`.`parameter` gains weight x the file's tensor `source`."""

    component: str
    parameter: str
    source: str


@dataclass(frozen=True)
class ScaledTarget:
    """W of `component`.`module` becomes W x (1 + weight x `source`), with one number for each output or each input.

    `on_input` names the tensor that says which: 1 for inputs, 0 for outputs.
    """

    component: str
    module: str
    source: str
    on_input: str


@dataclass(frozen=True)
class WeightTarget:
    """`component`.`parameter` is replaced by the file's tensor `source`, or by what `view` says of it."""

    component: str
    parameter: str
    source: str
    view: View = "whole"


@dataclass(frozen=True)
class EmbeddingTarget:
    """In the prompts of a request that uses the file, `word` is read as the vectors in `source`: [vectors, width] or [width].

    Each stands where a row of the token embeddings `component`.`table` would. `most` is how many the text encoder reads
    at a time.
    """

    component: str
    table: str
    word: str
    source: str
    most: int


@dataclass(frozen=True)
class AdapterPlan:
    """How to serve a file: additions, scalings, whole replaced weights, words, or several. Covers every tensor of the file.

    `unused` are those of its tensors that no picture depends on.
    """

    low_rank: tuple[LowRankTarget, ...] = ()
    weights: tuple[WeightTarget, ...] = ()
    factored: tuple[FactoredTarget, ...] = ()
    added: tuple[AddedTarget, ...] = ()
    scaled: tuple[ScaledTarget, ...] = ()
    embeddings: tuple[EmbeddingTarget, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def kind(self) -> PackKind:
        if self.weights:
            return "fine_tune"
        return "lora" if any(self.changed()) or not self.embeddings else "embedding"

    def sources(self) -> Iterator[str]:
        """The tensors of the file that it uses; one that stands twice is used twice, but its three thirds are one use."""
        for low_rank in self.low_rank:
            yield from (low_rank.down, low_rank.up)
        for factored in self.factored:
            yield from factored.names()
        yield from (target.source for target in self.weights if target.view not in THIRDS[1:])
        yield from (target.source for target in self.added)
        yield from (target.source for target in self.scaled)
        yield from (target.source for target in self.embeddings)
        yield from self.numbers()

    def numbers(self) -> Iterator[str]:
        """The tensors among them that hold one number and no weights."""
        yield from (target.alpha for target in self.low_rank if target.alpha)
        yield from (target.alpha for target in self.factored if target.alpha)
        yield from (target.on_input for target in self.scaled)

    def changed(self) -> Iterator[tuple[str, str]]:
        """Component and parameter of everything it changes. A word of the prompt changes none."""
        yield from ((target.component, f"{target.module}.weight") for target in self.low_rank)
        yield from ((target.component, f"{target.module}.weight") for target in self.factored)
        yield from ((target.component, f"{target.module}.weight") for target in self.scaled)
        yield from ((target.component, target.parameter) for target in self.weights)
        yield from ((target.component, target.parameter) for target in self.added)


def joined(plans: Iterable[AdapterPlan]) -> AdapterPlan:
    """One plan that does what all of them do."""
    parts = list(plans)
    return AdapterPlan(
        low_rank=tuple(target for plan in parts for target in plan.low_rank),
        weights=tuple(target for plan in parts for target in plan.weights),
        factored=tuple(target for plan in parts for target in plan.factored),
        added=tuple(target for plan in parts for target in plan.added),
        scaled=tuple(target for plan in parts for target in plan.scaled),
        embeddings=tuple(target for plan in parts for target in plan.embeddings),
        unused=tuple(name for plan in parts for name in plan.unused),
    )


def viewed_shape(shape: Shape, view: View) -> Shape | None:
    """Of what the view shows; None where a tensor of this shape has no such view."""
    if view == "whole":
        return shape
    if view == "turned":
        return shape[::-1] if len(shape) == 2 else None
    if view == "matrix":
        return shape[:2] if shape[2:] == (1, 1) else None
    return (shape[0] // 3, *shape[1:]) if shape and shape[0] % 3 == 0 else None
