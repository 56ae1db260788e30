"""The UNet's forward compiled, such that no change of adapters compiles it again.

A graph is made for each shape when it is first seen: number of runs, guided or not, size of the picture, chunks of the
prompt, rank of the arena, and whether an adapter changes more than the attention blocks. What runs wear is only numbers
in an arena (decision 17).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog
import torch
from torch._dynamo.exc import BackendCompilerFailed, FailOnRecompileLimitHit
from torch._inductor.exc import TritonMissing

from plugins.sdxl.adapters import Wardrobe
from plugins.sdxl.batch import Batch, Eager
from plugins.sdxl.run import SdxlRun
from plugins.sdxl.slots.arena import rank_for
from plugins.sdxl.slots.parts import Passenger

log = structlog.get_logger(__name__)
# Each holds its kernels in memory and adds to what is looked through at every step. Shapes beyond are computed eagerly.
MOST_GRAPHS = 64


class Compiled:
    """`backend` is torch.compile's; `cuda_graphs` has the device replay a shape's kernels by itself."""

    def __init__(self, unet: Any, wardrobe: Wardrobe, backend: str | Callable[..., Any], *, cuda_graphs: bool) -> None:
        self._unet, self._wardrobe = unet, wardrobe
        self._eager = Eager(unet, wardrobe)
        self._compute: Callable[..., torch.Tensor] = torch.compile(  # type: ignore[call-overload] # its overloads lack what its signature has
            _compute,
            fullgraph=True,
            dynamic=False,
            backend=backend,
            mode="reduce-overhead" if cuda_graphs else None,
            recompile_limit=MOST_GRAPHS,
            isolate_recompiles=True,
        )

    def noise(self, batch: Batch) -> torch.Tensor:
        if rank_for([outfit.seats("unet") for outfit, _ in batch.worn]) is None:
            return self._eager.noise(batch)
        sample, timesteps, tokens, added = batch.inputs()
        # Some schedulers count in whole numbers; the UNet reads them as floats in any case.
        inputs = (sample, timesteps.float(), tokens, added["text_embeds"], added["time_ids"])
        with self._wardrobe.worn(["unet"], batch.worn, fixed=True):
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call] # torch has no types for it
            try:
                noise = self._compute(self._unet, *inputs)
            except FailOnRecompileLimitHit:
                return _compute(self._unet, *inputs)
            except (BackendCompilerFailed, TritonMissing) as error:
                # A machine without Triton or a C compiler serves all the same.
                log.warning("compile_failed", error=str(error), next="Set compiled to off, or install what is missing.")
                self._compute = _compute
                return _compute(self._unet, *inputs)
            return noise.clone()  # A CUDA graph writes the next step's to the same place, and schedulers remember.


def compilable(runs: Sequence[SdxlRun]) -> Iterator[list[SdxlRun]]:
    """In batches of 8, 4, 2 and 1, so that few shapes serve any number of runs; as many rows to each of them.

    Those that wear the like stay together.
    """
    for rows in (2, 1):
        alike = [run for run in runs if run.rows == rows]
        alike.sort(key=lambda run: Passenger(run.stage.outfit.seats("unet"), run.rows).order)
        while alike:
            count = 1 << len(alike).bit_length() - 1
            yield alike[:count]
            alike = alike[count:]


def _compute(
    unet: Any,
    sample: torch.Tensor,
    timesteps: torch.Tensor,
    tokens: torch.Tensor,
    pooled: torch.Tensor,
    time_ids: torch.Tensor,
) -> torch.Tensor:
    noise: torch.Tensor = unet(
        sample,
        timesteps,
        encoder_hidden_states=tokens,
        added_cond_kwargs={"text_embeds": pooled, "time_ids": time_ids},
        return_dict=False,
    )[0]
    return noise
