"""What a batch's prompts alone decide is computed once, and the picture is the same to the last bit."""

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import Attention

from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.once import TextLayers
from tests.serving_jobs import job, run_with

pytestmark = pytest.mark.torch


def text_layers(unet: Any) -> list[torch.nn.Module]:
    crossing = [each for each in unet.modules() if isinstance(each, Attention) and each.is_cross_attention]
    return [layer for each in crossing for layer in (each.to_k, each.to_v)]


def test_each_layer_reads_the_prompts_once_for_all_steps(sdxl_engine: SdxlEngine) -> None:
    layers, calls = text_layers(sdxl_engine.pipeline.unet), list[torch.nn.Module]()
    handles = [layer.register_forward_hook(lambda module, *_: calls.append(module)) for layer in layers]
    run_with(sdxl_engine, job(steps=4))
    for handle in handles:
        handle.remove()
    assert sorted(map(id, calls)) == sorted(map(id, layers))


def test_a_picture_is_what_it_is_when_every_step_reads_them(
    sdxl_engine: SdxlEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = run_with(sdxl_engine, job(steps=4))
    monkeypatch.setattr(TextLayers, "keeping", lambda *_: nullcontext())
    assert run_with(sdxl_engine, job(steps=4)) == once


def test_the_layers_are_the_models_own_afterwards(sdxl_engine: SdxlEngine) -> None:
    unet = sdxl_engine.pipeline.unet
    before = text_layers(unet)
    with TextLayers(unet).keeping({}):
        assert not set(before) & set(text_layers(unet))
    assert text_layers(unet) == before
