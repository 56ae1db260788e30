"""An engine on the second of two cards has nothing on the first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hub.plugin_api import NoConfig
from plugins.peft_lora.format import PeftLoraFormat
from tests.serving_jobs import job, made_into_pack, pixels, run_with

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.skipif(torch.cuda.device_count() < 2, reason="this machine has no second CUDA device"),
]


def test_it_loads_brings_records_and_draws_there(tiny_base: Path, tmp_path: Path) -> None:
    from plugins.sdxl.compiled import Compiled
    from plugins.sdxl.engine import SdxlEngine
    from plugins.sdxl.plugin import SdxlConfig
    from plugins.sdxl.samples import write_peft_lora

    drawn = {}

    def draw(device: str) -> None:
        engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl"))
        engine.load(device)
        file = write_peft_lora(tiny_base, tmp_path / f"{device[-1]}.safetensors", 8, seed=1)
        pack = made_into_pack(file, tmp_path, PeftLoraFormat(NoConfig()), engine.layout())
        _on_a_thread(lambda: engine.prepare([pack]))
        drawn[device] = pixels(run_with(engine, job(steps=2), [pack]))
        assert isinstance(engine.forward, Compiled)
        assert engine.forward.trusted

    _on_a_thread(lambda: draw("cuda:1"))
    assert torch.cuda.memory_reserved(0) == 0
    _on_a_thread(lambda: draw("cuda:0"))
    assert np.abs(drawn["cuda:0"] - drawn["cuda:1"]).max() <= 2


def _on_a_thread(work: Callable[[], None]) -> None:
    """As the loop and the worker's threads do."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(work).result()
