"""A forward's kernels recorded once as a CUDA graph and replayed: starting thousands of them one by one can take longer
than computing them.

A recording remembers addresses. What it reads lies at fixed ones (arenas, the weights, the room beside them), and its
inputs are copied to where they lay when it was made.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

Tensors = Sequence[torch.Tensor]
Compute = Callable[..., torch.Tensor]
WARM_UP = 2  # Forwards before a recording: libraries choose their kernels and take their workspace in the first.
MOST_RECORDINGS = 64  # They share their memory; what comes beyond is computed kernel by kernel.


class Recorder:
    """Owned by the thread that steps."""

    def __init__(self) -> None:
        self._recordings: dict[tuple[Hashable, ...], _Recording] = {}
        self._pool: Any = None

    def computed(self, compute: Compute, inputs: Tensors, reads: Hashable) -> torch.Tensor:
        """`compute` of these inputs; `reads` tells apart what else it reads. The next call overwrites what this one gives."""
        key = (reads, *(each.shape for each in inputs))
        if key not in self._recordings:
            if len(self._recordings) >= MOST_RECORDINGS:
                return compute(*inputs)
            self._recordings[key] = self._recorded(compute, inputs)
        return self._recordings[key].replayed(inputs)

    def forget(self, gone: Callable[[Any], bool]) -> None:
        """The recordings of `reads` that are not there any more."""
        self._recordings = {key: own for key, own in self._recordings.items() if not gone(key[0])}

    def _recorded(self, compute: Compute, inputs: Tensors) -> "_Recording":
        own = [each.clone() for each in inputs]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch has no types for it
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                compute(*own)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        # Other threads load slots meanwhile, which a recording must neither forbid nor record.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            output = compute(*own)
        return _Recording(graph, own, output)


class _Recording:
    def __init__(self, graph: torch.cuda.CUDAGraph, inputs: Tensors, output: torch.Tensor) -> None:
        self._graph, self._inputs, self._output = graph, inputs, output

    def replayed(self, inputs: Tensors) -> torch.Tensor:
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given)
        self._graph.replay()
        return self._output
