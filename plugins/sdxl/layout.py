"""Names and shapes of a base's parameters, from its configuration files alone: no weights, no memory."""

from dataclasses import replace
from typing import Any

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from hub.plugin_api import ModelLayout

PREDICTIONS = {"epsilon": "epsilon", "v_prediction": "v"}
TEXT_ENCODERS = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}


def layout_of_base(base: str) -> ModelLayout:
    """`base` is a diffusers folder or a hub id."""
    configs = {
        "unet": UNet2DConditionModel.load_config(base, subfolder="unet"),
        "vae": AutoencoderKL.load_config(base, subfolder="vae"),
        **{name: CLIPTextConfig.from_pretrained(base, subfolder=name).to_dict() for name in TEXT_ENCODERS},
    }
    noise = _scheduler_config(base)
    return replace(
        layout_of_configs(configs),
        prediction=PREDICTIONS.get(noise.get("prediction_type", ""), ""),
        zero_snr=bool(noise.get("rescale_betas_zero_snr")),
    )


def layout_of_configs(configs: dict[str, dict[str, Any]]) -> ModelLayout:
    """The layout of the components that have these configurations."""
    return layout_of_models({name: _on_meta(name, config) for name, config in configs.items()})


def layout_of_models(models: dict[str, nn.Module]) -> ModelLayout:
    return ModelLayout(
        components={
            name: {parameter: tuple(value.shape) for parameter, value in model.named_parameters()}
            for name, model in models.items()
        },
        adaptable={
            name: frozenset(path for path, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d))
            for name, model in models.items()
        },
    )


def _scheduler_config(base: str) -> dict[str, Any]:
    """Empty for a folder without one, which then says nothing of the noise it was trained with."""
    try:
        config: dict[str, Any] = EulerDiscreteScheduler.load_config(base, subfolder="scheduler")
    except OSError:
        return {}
    return config


def _on_meta(name: str, config: dict[str, Any]) -> nn.Module:
    with torch.device("meta"):
        if name == "unet":
            return UNet2DConditionModel.from_config(config)  # type: ignore[no-any-return] # diffusers ships no types
        if name == "vae":
            return AutoencoderKL.from_config(config)  # type: ignore[no-any-return] # as above
        return TEXT_ENCODERS[name](CLIPTextConfig.from_dict(config))  # type: ignore[no-any-return] # as above
