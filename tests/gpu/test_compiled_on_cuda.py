"""With real kernels, and with CUDA graphs, a compiled engine draws what the uncompiled one draws, swap after swap."""

import random
from pathlib import Path

import numpy as np
import pytest

from hub.plugin_api import NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from tests.serving_jobs import job, made_into_pack, pixels, run_together

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
RANKS, SWAPS = (4, 8, 16, 24, 100, 128), 24


@pytest.mark.parametrize("cuda_graphs", [False, True])
def test_swaps_compile_nothing_anew_and_graphs_stay_good(tiny_base: Path, tmp_path: Path, *, cuda_graphs: bool) -> None:
    from torch._dynamo import config as dynamo

    from plugins.sdxl.compiled import Compiled
    from plugins.sdxl.engine import SdxlEngine
    from plugins.sdxl.plugin import SdxlConfig
    from plugins.sdxl.samples import write_peft_lora

    config = SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl", dtype="float32", cuda_graphs=cuda_graphs)
    engines = [SdxlEngine(config.model_copy(update={"compiled": compiled})) for compiled in ("auto", "off")]
    for engine in engines:
        engine.load("cuda")
    files = [write_peft_lora(tiny_base, tmp_path / f"{rank}.safetensors", rank, seed=rank) for rank in RANKS]
    packs = [made_into_pack(file, tmp_path, PeftLoraFormat(NoConfig()), engines[0].layout()) for file in files]
    draw = random.Random(0)

    def swap(first: int, second: int) -> None:
        wanted = [(job(steps=2, seed=seed), [packs[index]], 0) for seed, index in enumerate((first, second))]
        ours, theirs = (run_together(engine, wanted) for engine in engines)
        assert max(np.abs(pixels(a) - pixels(b)).max() for a, b in zip(ours, theirs, strict=True)) <= 2
        assert isinstance(engines[0].forward, Compiled)
        assert engines[0].forward.trusted

    for index in range(len(RANKS)):
        swap(0, index)
    with dynamo.patch(error_on_recompile=True):
        for _ in range(SWAPS):
            swap(draw.randrange(len(RANKS)), draw.randrange(len(RANKS)))
