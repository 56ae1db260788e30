"""The base's own weights are found wherever it has them, so that models are kept as their difference to it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from hub.plugin_api import LocalPack, ModelLayout, NoConfig
from plugins.sdxl.engine import SdxlEngine
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.stored import stored_weights
from plugins.sdxl.unet_format import SdxlUnetFormat
from serving.adapters.bases import stored_base
from serving.adapters.extract import Changes, extract
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.thin import whole_pack, write_thin
from tests.one_file import two_widths, write_one_file
from tests.serving_jobs import made_into_pack

pytestmark = pytest.mark.torch
PARTS = ("unet", "text_encoder", "text_encoder_2", "vae")
KINDS = ("folder", "sharded", "one file")


@pytest.fixture(scope="module")
def made() -> Any:
    return two_widths()


@pytest.fixture(scope="module")
def engines(made: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SdxlEngine]:
    root = tmp_path_factory.mktemp("bases")
    made.save_pretrained(root / "folder")
    made.save_pretrained(root / "sharded", max_shard_size="400KB")
    configs = {
        "folder": SdxlConfig(base=str(root / "folder")),
        "sharded": SdxlConfig(base=str(root / "sharded")),
        "one file": SdxlConfig(
            base=str(write_one_file(made, root / "base.safetensors")), base_config=str(root / "folder")
        ),
    }
    return {kind: SdxlEngine(config) for kind, config in configs.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_the_base_s(engines: dict[str, SdxlEngine], made: Any, kind: str) -> None:
    base = stored_base(engines[kind])
    assert base.keys() == set(PARTS)
    for part in PARTS:
        expected = dict(getattr(made, part).named_parameters())
        assert base[part].header.tensors.keys() == expected.keys()
        found = {name: base[part].numbers(name) for name in expected}
        wrong = [name for name, own in expected.items() if not torch.equal(torch.from_numpy(found[name]).float(), own)]
        assert wrong == []
        assert all(base[part].header.tensors[name].shape == tuple(own.shape) for name, own in expected.items())


def test_the_sharded_base_has_parts(engines: dict[str, SdxlEngine]) -> None:
    unet = engines["sharded"].stored_weights()["unet"]
    assert len({place.file for place in unet.values()}) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_kept_as_its_difference_and_told_as_a_lora(
    engines: dict[str, SdxlEngine], made: Any, tmp_path: Path, kind: str
) -> None:
    layout, base = engines[kind].layout(), stored_base(engines[kind])
    pack = tuned(made, layout, tmp_path)
    thin = tmp_path / "pack.thin"
    assert write_thin(pack.path, base, layout.digest(), thin) < 0.7 * pack.path.stat().st_size
    assert b"".join(whole_pack([thin.read_bytes()], lambda _: base)) == pack.path.read_bytes()
    source = TensorFile(tmp_path / "tuned.safetensors")
    plan = SdxlUnetFormat(NoConfig()).plan(source.header, layout)
    found = extract(plan.weights, Changes(source, base), layout, tmp_path / "lora.safetensors")
    assert found.modules
    assert load_file(tmp_path / "lora.safetensors")


@pytest.mark.parametrize("base", ["stabilityai/stable-diffusion-xl-base-1.0", "nowhere", "nowhere.safetensors"])
def test_a_base_that_is_not_here_has_none(engines: dict[str, SdxlEngine], base: str) -> None:
    assert stored_weights(base, engines["folder"].layout()) == {}


def test_a_component_that_is_here_in_part_counts_as_none(engines: dict[str, SdxlEngine], tmp_path: Path) -> None:
    source, layout = Path(engines["one file"].config.base), engines["one file"].layout()
    tensors = load_file(source)
    del tensors["first_stage_model.quant_conv.bias"]
    save_file(tensors, tmp_path / "base.safetensors")
    assert stored_weights(str(tmp_path / "base.safetensors"), layout).keys() == {
        "unet",
        "text_encoder",
        "text_encoder_2",
    }


def tuned(made: Any, layout: ModelLayout, folder: Path) -> LocalPack:
    generator = torch.Generator().manual_seed(1)
    moved = {}
    for name, own in made.unet.named_parameters():
        step = 0.002 * own.std() if own.ndim > 1 else torch.tensor(0.0)
        moved[name] = (own + step * torch.randn(own.shape, generator=generator)).detach().contiguous()
    save_file(moved, folder / "tuned.safetensors")
    return made_into_pack(folder / "tuned.safetensors", folder, SdxlUnetFormat(NoConfig()), layout)
