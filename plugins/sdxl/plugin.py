"""The manifest of the SDXL engine: the classes of diffusers' StableDiffusionXLPipeline, a step at a time."""

from typing import Literal

from pydantic import BaseModel

from hub.plugin_api import Component, EngineInfo, Plugin
from plugins.sdxl.pricing import compute_price


class SdxlConfig(BaseModel, extra="forbid", frozen=True):
    """`base` is a diffusers folder or a hub id; `base_model` is the catalogue's name for it, which jobs must match."""

    base: str = "models/irodori-small"
    base_model: str = "irodori-small"
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"


INFO = EngineInfo(
    schedulers=("euler", "euler_a", "ddim", "dpmpp_2m", "lcm"),
    size_multiple=8,
    max_steps=100,
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
    ],
)
