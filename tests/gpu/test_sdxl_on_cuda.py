"""The same comparison as on the CPU, for machines that have a GPU."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.plugin_api import NoConfig
from plugins.kohya_lora.format import KohyaLoraFormat
from tests.fixtures_torch import AdapterFiles
from tests.serving_jobs import job, made_into_pack, pixels, run_with

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_lora_equals_diffusers_on_cuda(
    tiny_base: Path, adapter_files: AdapterFiles, tmp_path: Path, dtype: str
) -> None:
    from plugins.sdxl.engine import SdxlEngine
    from plugins.sdxl.plugin import SdxlConfig

    settings = {"base": str(tiny_base), "base_model": "tiny-sdxl", "dtype": dtype, "compiled": "off"}
    engine = SdxlEngine(SdxlConfig.model_validate(settings))
    engine.load("cuda")
    before = engine.fingerprint()
    pack = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), engine.layout(), weight=0.8)
    ours = pixels(run_with(engine, job(), [pack]))
    assert engine.fingerprint() == before

    theirs = _with_diffusers(tiny_base, adapter_files.kohya, getattr(torch, dtype))
    if dtype == "float32":
        assert np.abs(ours - theirs).max() <= 1
        return
    # Random weights make much of rounding, which half precision does in other places in each of the two ways of adding.
    exact = _with_diffusers(tiny_base, adapter_files.kohya, torch.float32)
    assert np.abs(ours - exact).mean() <= 1.5 * np.abs(theirs - exact).mean()


def _with_diffusers(base: Path, adapter: Path, dtype: Any) -> "np.ndarray[Any, np.dtype[np.int16]]":
    from diffusers import StableDiffusionXLPipeline

    torch.backends.cudnn.allow_tf32 = dtype != torch.float32
    pipeline = StableDiffusionXLPipeline.from_pretrained(base, dtype=dtype, add_watermarker=False)
    pipeline.to("cuda").load_lora_weights(str(adapter), adapter_name="style")
    pipeline.set_adapters("style", 0.8)
    request = job()
    image = pipeline(
        request.prompt,
        width=request.width,
        height=request.height,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]
    return np.asarray(image).astype(np.int16)
