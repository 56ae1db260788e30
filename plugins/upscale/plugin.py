"""The manifest of the upscaler: a picture in, the same picture at a larger size out."""

from pydantic import BaseModel

from hub.plugin_api import Component, EngineInfo, Plugin


class UpscaleConfig(BaseModel, extra="forbid", frozen=True):
    """`weights` is a safetensors file of the network in network.py, `base_model` the catalogue's name for it."""

    weights: str = "models/irodori-x2/model.safetensors"
    base_model: str = "irodori-x2"


def compute_price(width: int, height: int, steps: int) -> int:  # noqa: ARG001 - the signature every engine has
    """DreamStudio's price of an upscaled picture: 0.2 credits at any size."""
    return 2_000


INFO = EngineInfo(
    schedulers=("network",),
    size_multiple=1,
    max_steps=1,
    compute_price=compute_price,
    takes_pictures=True,
    upscales=True,
)

plugin = Plugin(
    name="upscale",
    summary="Brings a picture to a larger size with a small learned network.",
    config=UpscaleConfig,
    components=[Component("engine", "upscale", "plugins.upscale.engine:UpscaleEngine", INFO)],
)
