"""A base in one file gives the weights that its diffusers folder gives, without a network."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from plugins.sdxl.pipeline import open_pipeline
from plugins.sdxl.plugin import SdxlConfig
from plugins.sdxl.tiny_base import build
from tests.one_file import two_widths, write_one_file

pytestmark = pytest.mark.torch
PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")


def test_every_parameter_is_the_folder_s(tmp_path: Path) -> None:
    made = two_widths()
    made.save_pretrained(tmp_path / "folder")
    file = write_one_file(made, tmp_path / "base.safetensors")
    opened = open_pipeline(SdxlConfig(base=str(file), base_config=str(tmp_path / "folder"), base_model="tiny-sdxl"))
    for part in PARTS:
        expected, found = (getattr(pipeline, part).state_dict() for pipeline in (made, opened))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], own) for name, own in expected.items()), part


def test_a_file_whose_encoders_can_t_be_told_apart_is_refused(tmp_path: Path) -> None:
    made = build(seed=0)
    made.save_pretrained(tmp_path / "folder")
    file = write_one_file(made, tmp_path / "base.safetensors")
    with pytest.raises(ValueError, match="equally wide"):
        open_pipeline(SdxlConfig(base=str(file), base_config=str(tmp_path / "folder"), base_model="tiny-sdxl"))


@pytest.mark.parametrize("config", [{"base": "a.safetensors"}, {"base": "folder", "base_config": "folder"}])
def test_a_configuration_stands_beside_one_file_and_nowhere_else(config: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="base_config"):
        SdxlConfig(**config)
