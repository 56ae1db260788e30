"""The manifest of the SDXL engine: the classes of diffusers' StableDiffusionXLPipeline, a step at a time."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from hub.plugin_api import Component, EngineInfo, Plugin
from plugins.sdxl.pricing import compute_price
from plugins.sdxl.scheduler_names import OFFERED, OPTIONS
from plugins.sdxl.weighting import MAX_WEIGHT

# A merge took what slots cost in four steps, for one guided picture of 1,024 pixels (decision 12).
MERGE_FROM_ON_CUDA = 4
DEVICE_BYTES_ON_CPU = 4 * 2**30


class SdxlConfig(BaseModel, extra="forbid", frozen=True):
    """`base` is a diffusers folder, a hub id or one `.safetensors` file in Stability's layout, for which `base_config` is a
    diffusers folder with the base's configurations and tokenizers, no weights needed. `base_model` is the catalogue's name for it, which jobs must match.
    `refiner` and `refiner_config` name a second model in the same ways, for jobs that want one for their last steps; "" for none.

    `mode`: fast lets an image differ in the last bit of its numbers with who shares its batch, invariant computes each
    alone. `device_bytes` is what adapters of all kinds may fill on the device together; unset, half of what the base leaves
    free of a CUDA device's memory, else 4 GiB. `host_bytes` is what opened adapters may fill in this machine's memory.
    `merge_from_steps`: batches in which all wear the same use merged weights from so many steps on, 0 for never; unset,
    from 4 on where a CUDA device has room for a second UNet, else never. `make bench-merged` measures it.

    `compiled`: the UNet's blocks are compiled for each new shape of a batch (auto: on CUDA in fast mode), which takes half a
    minute once and makes each step shorter; no change of adapters compiles again. `compile_backend` is inductor, which makes
    kernels, or, to look for faults, aot_eager or eager, which only trace. `cuda_graphs` records the kernels of a compiled
    shape on CUDA once and replays them.
    """

    base: str = "models/irodori-small"
    base_config: str = ""
    base_model: str = "irodori-small"
    refiner: str = ""
    refiner_config: str = ""
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    mode: Literal["fast", "invariant"] = "fast"
    device_bytes: int | None = Field(default=None, ge=0)
    merge_from_steps: int | None = Field(default=None, ge=0)
    host_bytes: int = 4 * 2**30
    compiled: Literal["auto", "on", "off"] = "auto"
    compile_backend: Literal["inductor", "aot_eager", "eager"] = "inductor"
    cuda_graphs: bool = True

    def compiles_on(self, device: str) -> bool:
        return self.compiled == "on" or (self.compiled == "auto" and self.mode == "fast" and device.startswith("cuda"))

    def fills(self, free: int | None) -> int:
        """Bytes on the device. `free`: of a device that has memory of its own, beside the base."""
        if self.device_bytes is not None:
            return self.device_bytes
        return DEVICE_BYTES_ON_CPU if free is None else free // 2

    def merges_from(self, device: str, *, has_room: bool) -> int:
        """The number of steps, 0 for never. `has_room`: for a second set of the UNet's weights."""
        if self.mode == "invariant":
            return 0
        if self.merge_from_steps is not None:
            return self.merge_from_steps
        return MERGE_FROM_ON_CUDA if device.startswith("cuda") and has_room else 0

    @model_validator(mode="after")
    def _compiled_fits(self) -> Self:
        if self.compiled == "on" and self.mode == "invariant":
            raise ValueError("Invariant mode is not compiled. Set compiled to off, or mode to fast.")
        return self

    @model_validator(mode="after")
    def _one_file_has_its_configuration(self) -> Self:
        if is_one_file(self.base) != bool(self.base_config):
            raise ValueError(
                "A base in one file needs base_config, a folder with its configurations; no other base has one."
            )
        if is_one_file(self.refiner) != bool(self.refiner_config):
            raise ValueError(
                "A refiner in one file needs refiner_config, a folder with its configurations; no other refiner has one."
            )
        return self


def is_one_file(model: str) -> bool:
    return model.endswith(".safetensors")


INFO = EngineInfo(
    schedulers=OFFERED,
    scheduler_options=OPTIONS,
    takes_pictures=True,
    may_refine=True,
    max_prompt_weight=MAX_WEIGHT,
    size_multiple=8,
    max_steps=150,
    compute_price=compute_price,
    families=("sdxl", "stable-diffusion-xl"),
)

plugin = Plugin(
    name="sdxl",
    summary="Serves SDXL and every base with its architecture, on CPU or CUDA.",
    config=SdxlConfig,
    components=[
        Component(
            "engine",
            "sdxl",
            "plugins.sdxl.engine:SdxlEngine",
            INFO,
        ),
        Component("adapter_format", "sdxl_unet", "plugins.sdxl.unet_format:SdxlUnetFormat"),
        Component("adapter_format", "sdxl_checkpoint", "plugins.sdxl.checkpoint_format:SdxlCheckpointFormat"),
    ],
)
