from typing import Any

import pytest
import torch

from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.run_by_run import run_by_run

pytestmark = pytest.mark.torch


def embedded(unet: Any, timesteps: torch.Tensor, rows: list[int]) -> torch.Tensor:
    """What every layer is told about the time."""
    with torch.no_grad(), run_by_run(unet, rows):
        embedding: torch.Tensor = unet.time_embedding(unet.time_proj(timesteps))
    return embedding


def test_a_batch_embeds_each_runs_time_as_that_run_alone_to_the_last_bit(sdxl_engine: SdxlEngine) -> None:
    unet, rows = sdxl_engine.pipeline.unet, [2, 1, 2, 2, 1]
    timesteps = torch.linspace(1, 999, sum(rows))
    alone = [embedded(unet, own, [len(own)]) for own in torch.split(timesteps, rows)]
    assert torch.equal(embedded(unet, timesteps, rows), torch.cat(alone))


def test_the_layers_are_as_they_were_afterwards(sdxl_engine: SdxlEngine) -> None:
    unet = sdxl_engine.pipeline.unet
    hooks = [len(module._forward_hooks) for module in unet.modules()]
    embedded(unet, torch.ones(4), [2, 2])
    assert [len(module._forward_hooks) for module in unet.modules()] == hooks
