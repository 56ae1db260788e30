"""The same comparison as on the CPU, for machines that have a GPU."""

from pathlib import Path

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
    from diffusers import StableDiffusionXLPipeline

    from plugins.sdxl.engine import SdxlEngine
    from plugins.sdxl.plugin import SdxlConfig

    settings = {"base": str(tiny_base), "base_model": "tiny-sdxl", "dtype": dtype, "compiled": "off"}
    engine = SdxlEngine(SdxlConfig.model_validate(settings))
    engine.load("cuda")
    before = engine.fingerprint()
    pack = made_into_pack(adapter_files.kohya, tmp_path, KohyaLoraFormat(NoConfig()), engine.layout(), weight=0.8)
    ours = pixels(run_with(engine, job(), [pack]))

    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_base, dtype=getattr(torch, dtype), add_watermarker=False)
    pipeline.to("cuda").load_lora_weights(str(adapter_files.kohya), adapter_name="style")
    pipeline.set_adapters("style", 0.8)
    request = job()
    plain = pipeline(
        request.prompt,
        width=request.width,
        height=request.height,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]
    tolerance = 1 if dtype == "float32" else 8  # Half precision rounds each of the two ways of adding differently.
    assert np.abs(ours - np.asarray(plain).astype(np.int16)).max() <= tolerance
    assert engine.fingerprint() == before
