"""The UNet's forward with compiled blocks, such that no change of adapters compiles them again.

A block's graph is made when its shape is first seen: number of runs, guided or not, size of the picture, chunks of the
prompt, and for transformer blocks the rank of the arena. What runs wear is only numbers in an arena (decision 17).
"""

from typing import Any, NamedTuple

import structlog
import torch
from torch._dynamo.exc import FailOnRecompileLimitHit

from hub.plugin_api import EngineFullError, Trouble, trouble
from plugins.sdxl.adapters import Wardrobe
from plugins.sdxl.batch import Batch, Eager
from plugins.sdxl.blocks import Backend, Blocks
from plugins.sdxl.recorded import Recorder
from plugins.sdxl.slots.arena import Reading, rank_for

log = structlog.get_logger(__name__)
PROOFS = 2
# Of one forward, compiled against uncompiled: the norm of the difference by the norm. Rounding stays far below.
MOST_APART = {torch.float32: 1e-3, torch.float16: 1e-2, torch.bfloat16: 5e-2}


class Shape(NamedTuple):
    """What distinguishes a forward's kernels, and the memory that they read, from others'."""

    reading: Reading | None
    model: bool
    merged: bool
    sample: torch.Size
    tokens: torch.Size


class Compiled:
    """`backend` is torch.compile's; `cuda_graphs` has the device replay a shape's kernels by itself.

    A shape's first forward, and its first after a change of adapters, are computed uncompiled too. Where compiling fails, or
    gives other numbers, all are.
    """

    def __init__(self, unet: Any, wardrobe: Wardrobe, backend: Backend, *, cuda_graphs: bool) -> None:
        self._unet, self._wardrobe = unet, wardrobe
        self._eager = Eager(unet, wardrobe)
        self._blocks = Blocks(unet, backend)
        self._recorder = Recorder() if cuda_graphs else None
        self._proven: dict[Shape, set[int]] = {}
        self.trusted = True
        self.layers = wardrobe.slim("unet")

    def noise(self, batch: Batch) -> torch.Tensor:
        if not self.trusted or rank_for([outfit.seats("unet") for outfit, _ in batch.worn]) is None:
            return self._eager.noise(batch)
        try:
            noise, shape = self._computed(batch)
        except (FailOnRecompileLimitHit, EngineFullError):  # The latter: an arena has no room beside what runs wear.
            return self._eager.noise(batch)
        except Exception as error:
            # Compilers and recordings fail in ways of their own, on each machine others; a machine without Triton or a C
            # compiler serves all the same. The loop knows what to do when memory is full or the device is lost.
            if trouble(error) is not Trouble.OTHER:
                raise
            noise = self._eager.noise(batch)
            self._distrust("compile_failed", str(error))
            return noise
        if shape not in self._proven:
            self._forget_what_is_gone()
        proven = self._proven.setdefault(shape, set())
        content = shape.reading.arena.version if shape.reading else 0
        if len(proven) == PROOFS or content in proven:
            return noise
        return self._compared(noise, proven, content, batch)

    def _forget_what_is_gone(self) -> None:
        """Arenas leave where others need their memory; nobody will read them again."""
        self._proven = {
            shape: contents
            for shape, contents in self._proven.items()
            if shape.reading is None or not shape.reading.arena.gone
        }
        if self._recorder:
            self._recorder.forget(lambda wearing: wearing.gone)

    def _computed(self, batch: Batch) -> tuple[torch.Tensor, Shape]:
        sample, timesteps, tokens, added = batch.inputs()
        # Some schedulers count in whole numbers; the UNet reads them as floats in any case.
        inputs = (sample, timesteps.float(), tokens, added["text_embeds"], added["time_ids"])
        with self._wardrobe.worn(["unet"], batch.worn, fixed=True) as wearing:
            everywhere = bool(wearing.reading and wearing.reading.everywhere)
            shape = Shape(wearing.reading, bool(wearing.model), bool(wearing.merged), sample.shape, tokens.shape)
            with self._blocks.used(residual=not everywhere):
                if self._recorder is None or wearing.model:  # A model's weights lie elsewhere each time it is fetched.
                    return self._forward(*inputs), shape
                # The next step overwrites what a recording gives, and schedulers remember.
                return self._recorder.computed(self._forward, inputs, wearing).clone(), shape

    def _compared(self, noise: torch.Tensor, proven: set[int], content: int, batch: Batch) -> torch.Tensor:
        """`noise` if the uncompiled UNet gives the like, or else what that gives."""
        expected = self._eager.noise(batch)
        apart = float((noise.float() - expected.float()).norm() / expected.float().norm())
        if apart <= MOST_APART[noise.dtype]:
            proven.add(content)
            return noise
        if expected.isfinite().all():
            self._distrust("compiled_differs", f"A compiled forward is {apart:.2g} apart from the uncompiled one.")
        return expected

    def _distrust(self, event: str, error: str) -> None:
        self.trusted = False
        log.warning(event, error=error, next="Set compiled to off, or install what is missing.")

    def _forward(
        self,
        sample: torch.Tensor,
        timesteps: torch.Tensor,
        tokens: torch.Tensor,
        pooled: torch.Tensor,
        time_ids: torch.Tensor,
    ) -> torch.Tensor:
        noise: torch.Tensor = self._unet(
            sample,
            timesteps,
            encoder_hidden_states=tokens,
            added_cond_kwargs={"text_embeds": pooled, "time_ids": time_ids},
            return_dict=False,
        )[0]
        return noise
