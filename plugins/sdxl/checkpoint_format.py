"""The format of a whole fine-tuned checkpoint in one file, as most tools for SDXL save it: UNet, text encoders, autoencoder."""

from hub.plugin_api import (
    AdapterFormat,
    AdapterPlan,
    ModelLayout,
    NoConfig,
    UnsupportedFileError,
    WeightTarget,
    some,
    viewed_shape,
)
from hub.tensor_file import FileHeader
from plugins.sdxl.checkpoint_names import PREFIXES, Place, checkpoint_places
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.predictions import refuse_other_prediction

NAMES = {
    "unet": "UNet",
    "vae": "autoencoder",
    "text_encoder": "first text encoder",
    "text_encoder_2": "second text encoder",
}
# Counted positions, and what OpenCLIP's training needed: no picture depends on them, and diffusers leaves them out too.
UNUSED = (
    "conditioner.embedders.0.transformer.text_model.embeddings.position_ids",
    "conditioner.embedders.1.model.logit_scale",
)
# A second, averaged UNet beside the one that is used.
UNUSED_PREFIX = "model_ema."
# Of checkpoints with a noise of their own, which no base here has.
MARKS = ("edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min")
OTHER_FAMILY = ("cond_stage_model.",)


class SdxlCheckpointFormat(AdapterFormat):
    def __init__(self, config: SdxlConfig | NoConfig) -> None:
        """Takes its plugin's config, as every component does; the layout it is given says all it needs."""

    def recognise(self, header: FileHeader) -> bool:
        return any(name.startswith(PREFIXES["unet"]) for name in header.tensors)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        _refuse_others(header)
        marks = refuse_other_prediction(header, layout)
        shapes = {name: info.shape for name, info in header.tensors.items()}
        places = checkpoint_places(layout, shapes)
        unused = tuple(name for name in header.tensors if name in UNUSED or name.startswith(UNUSED_PREFIX)) + marks
        known = {place.name for component in places.values() for place in component.values()} | set(unused)
        _refuse_any(
            sorted(header.tensors.keys() - known),
            "This base has no place for {count} tensors of the checkpoint: {names}. Choose the base that it was trained from.",
        )
        held = [name for name in PREFIXES if any(tensor.startswith(PREFIXES[name]) for tensor in shapes)]
        weights = [target for name in held for target in _component(name, places[name], header, layout)]
        return AdapterPlan(weights=tuple(weights), unused=unused)


def _component(component: str, places: dict[str, Place], header: FileHeader, layout: ModelLayout) -> list[WeightTarget]:
    """All of it, or nothing: half a component would be drawn with the base's other half."""
    parameters, title = layout.components.get(component, {}), NAMES[component]
    lacking = [name for name in parameters if name not in places or places[name].name not in header.tensors]
    _refuse_any(
        sorted(lacking),
        f"The checkpoint lacks {{count}} parameters of this base's {title}: {{names}}. Save it again whole.",
    )
    wrong = [
        f"{place.name} {list(header.tensors[place.name].shape)}"
        for name, place in sorted(places.items())
        if viewed_shape(header.tensors[place.name].shape, place.view) != parameters[name]
    ]
    _refuse_any(
        wrong,
        f"{{count}} tensors of the checkpoint have another shape than this base's {title}: {{names}}. Choose the base "
        "that it was trained from.",
    )
    return [WeightTarget(component, name, place.name, place.view) for name, place in sorted(places.items())]


def _refuse_others(header: FileHeader) -> None:
    if found := [name for name in header.tensors if name in MARKS]:
        raise UnsupportedFileError(
            "other_prediction",
            f"This checkpoint brings a noise of its own ({some(found)}), which is not served.",
            found,
        )
    if any(name.startswith(OTHER_FAMILY) for name in header.tensors):
        raise UnsupportedFileError(
            "wrong_base",
            "This is a checkpoint of Stable Diffusion 1 or 2, whose text encoder this base does not have. Choose the base "
            "that it was trained from.",
        )


def _refuse_any(names: list[str], sentence: str) -> None:
    if names:
        raise UnsupportedFileError("wrong_base", sentence.format(count=len(names), names=some(names)), names)
