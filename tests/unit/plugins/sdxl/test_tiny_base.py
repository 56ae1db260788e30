"""The small base stands in for SDXL 1.0 everywhere, so it must have its shape, and be the same on every machine."""

import hashlib
from pathlib import Path

import pytest
from diffusers import UNet2DConditionModel
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from plugins.sdxl.tiny_base import write
from plugins.sdxl.vocabulary import END, START, train
from tests.sdxl_1_0 import UNET

pytestmark = pytest.mark.torch

VOCABULARY = train()
TOKENIZER = CLIPTokenizer(vocab=VOCABULARY.ids, merges=list(VOCABULARY.merges), model_max_length=77)


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tiny_base: Path, tmp_path: Path) -> None:
    again, other = write(tmp_path / "again"), write(tmp_path / "other", seed=1)
    assert hashes(again) == hashes(tiny_base)
    assert hashes(other) != hashes(tiny_base)
    assert {path.name for path in tmp_path.iterdir()} == {"again", "other"}


def test_what_is_there_already_is_left_alone(tiny_base: Path) -> None:
    before = (tiny_base / "model_index.json").stat().st_mtime_ns
    assert write(tiny_base) == tiny_base
    assert (tiny_base / "model_index.json").stat().st_mtime_ns == before


def test_half_a_base_is_replaced(tiny_base: Path, tmp_path: Path) -> None:
    (tmp_path / "half" / "unet").mkdir(parents=True)
    assert hashes(write(tmp_path / "half")) == hashes(tiny_base)


def test_the_unet_has_sdxls_topology_and_enough_weights_to_upload_in_parts(tiny_base: Path) -> None:
    config = UNet2DConditionModel.load_config(tiny_base, subfolder="unet")
    same = ("down_block_types", "up_block_types", "layers_per_block", "addition_embed_type", "use_linear_projection")
    assert {name: config[name] for name in same} == {name: UNET[name] for name in same}
    assert (tiny_base / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size > 12 * 2**20


def test_common_words_are_one_token() -> None:
    assert TOKENIZER.tokenize("A painting of a heron") == ["a</w>", "painting</w>", "of</w>", "a</w>", "heron</w>"]


@given(st.text(max_size=300))
def test_any_text_becomes_77_tokens_of_the_vocabulary(text: str) -> None:
    ids = TOKENIZER(text, padding="max_length", truncation=True).input_ids
    assert len(ids) == 77
    assert ids[0] == VOCABULARY.ids[START]
    assert VOCABULARY.ids[END] in ids
    assert max(ids) < len(VOCABULARY.ids)
