"""The small SDXL base, adapters for it, and a loaded engine: built once per run, when the first test asks.

torch is imported inside the fixtures, so that tests without a model start in a moment.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.sdxl.engine import SdxlEngine


@dataclass(frozen=True)
class AdapterFiles:
    """Uploads as creators make them."""

    kohya: Path
    peft: Path
    fine_tune: Path


@pytest.fixture(scope="session")
def torch_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the processes of pytest-xdist, whose own folders lie side by side."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def tiny_base(torch_folder: Path) -> Path:
    """A diffusers folder with SDXL's topology and random weights."""
    from plugins.sdxl.tiny_base import write

    return write(torch_folder / "tiny-sdxl")


@pytest.fixture(scope="session")
def tiny_refiner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers folder with the topology of SDXL's refiner and random weights."""
    from tests.tiny_refiner import build_refiner

    folder = tmp_path_factory.mktemp("refiner")
    build_refiner().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sdxl_engine(tiny_base: Path) -> "SdxlEngine":
    """On the CPU, loaded. Tests share it, which is what a worker's jobs do too."""
    from plugins.sdxl.engine import SdxlEngine
    from plugins.sdxl.plugin import SdxlConfig

    engine = SdxlEngine(SdxlConfig(base=str(tiny_base), base_model="tiny-sdxl"))
    engine.load("cpu")
    return engine


@pytest.fixture(scope="session")
def adapter_files(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFiles:
    from plugins.sdxl.samples import write_finetuned_unet, write_kohya_lora, write_peft_lora

    folder = tmp_path_factory.mktemp("adapters")
    return AdapterFiles(
        kohya=write_kohya_lora(tiny_base, folder / "kohya.safetensors", rank=8, seed=1),
        peft=write_peft_lora(tiny_base, folder / "peft.safetensors", rank=4, seed=2),
        fine_tune=write_finetuned_unet(tiny_base, folder / "fine_tune.safetensors", seed=3),
    )


@pytest.fixture(scope="session")
def shipped_files(tmp_path_factory: pytest.TempPathFactory) -> AdapterFiles:
    """For the base that ships: two of its styles, one in each naming, and a fine-tune of it."""
    from hub.local import shipped
    from plugins.sdxl.samples import write_finetuned_unet

    fine_tune = tmp_path_factory.mktemp("shipped") / "fine_tune.safetensors"
    return AdapterFiles(
        kohya=shipped.STYLES / "twemoji.safetensors",
        peft=shipped.STYLES / "openmoji.safetensors",
        fine_tune=write_finetuned_unet(shipped.BASE, fine_tune, seed=3, strength=0.05),
    )


@pytest.fixture
def plain_pipeline(tiny_base: Path) -> Any:
    """diffusers' own pipeline on the same base: what every result is measured against."""
    from diffusers import StableDiffusionXLPipeline

    from plugins.sdxl.pipeline import align

    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_base, add_watermarker=False)
    pipeline.set_progress_bar_config(disable=True)
    align(pipeline)  # Rounding depends on where weights lie, and random weights amplify it.
    return pipeline
