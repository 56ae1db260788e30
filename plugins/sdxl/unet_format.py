"""The format of a whole fine-tuned UNet in diffusers' naming, as `unet/diffusion_pytorch_model.safetensors` has it."""

from hub.plugin_api import AdapterFormat, AdapterPlan, ModelLayout, NoConfig, UnsupportedFileError, WeightTarget, some
from hub.tensor_file import FileHeader
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.predictions import refuse_other_prediction

COMPONENT = "unet"
# In every UNet that diffusers saves, and in no LoRA file.
TELLING = ("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight")


class SdxlUnetFormat(AdapterFormat):
    def __init__(self, config: SdxlConfig | NoConfig) -> None:
        """Takes its plugin's config, as every component does; the layout it is given says all it needs."""

    def recognise(self, header: FileHeader) -> bool:
        return all(name in header.tensors for name in TELLING)

    def plan(self, header: FileHeader, layout: ModelLayout) -> AdapterPlan:
        refuse_other_prediction(header, layout)
        parameters = layout.components.get(COMPONENT, {})
        _refuse_any(
            sorted(header.tensors.keys() - parameters.keys()),
            "The base's UNet has no parameter for {count} of the file's tensors: {names}. Upload a UNet of this base.",
        )
        _refuse_any(
            sorted(parameters.keys() - header.tensors.keys()),
            "The file lacks {count} of the UNet's parameters: {names}. Upload the whole UNet.",
        )
        _refuse_any(
            [
                f"{name} {header.tensors[name].shape} instead of {shape}"
                for name, shape in sorted(parameters.items())
                if header.tensors[name].shape != shape
            ],
            "{count} of the file's tensors have another shape than the base's: {names}. Upload a UNet of this base.",
        )
        return AdapterPlan(weights=tuple(WeightTarget(COMPONENT, name, name) for name in sorted(parameters)))


def _refuse_any(names: list[str], sentence: str) -> None:
    if names:
        raise UnsupportedFileError("wrong_base", sentence.format(count=len(names), names=some(names)), names)
