"""From a creator's file to the words of a pack; headers of SDXL's real widths, and small files with bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.config import plugin_registry
from hub.plugin_api import ADAPTER_FORMAT, AdapterPlan, EmbeddingTarget, ModelLayout, Shape, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo, parse_header
from marketplace.uploads.header_checks import recognised_format
from serving.adapters.checks import check_plan
from serving.adapters.pack import vectors_key, vectors_name
from serving.adapters.tensor_bytes import TensorFile
from serving.adapters.write import write_pack
from tests.factories.tensor_files import tensor_file

TABLE, POSITIONS = "embeddings.token_embedding.weight", "embeddings.position_embedding.weight"


def layout_of(clip_l: int, clip_g: int, context: int = 77) -> ModelLayout:
    """As transformers 5 names them: one encoder without `text_model.`, one with it."""
    root = "text_model."
    components: dict[str, dict[str, Shape]] = {
        "unet": {"mid_block.attentions.0.proj_in.weight": (6, 5)},
        "text_encoder": {TABLE: (49408, clip_l), POSITIONS: (context, clip_l)},
        "text_encoder_2": {root + TABLE: (49408, clip_g), root + POSITIONS: (context, clip_g)},
    }
    return ModelLayout(components, {"unet": frozenset({"mid_block.attentions.0.proj_in"})})


SDXL = layout_of(768, 1280)


def header(shapes: dict[str, Shape], file_name: str = "ruin.safetensors") -> FileHeader:
    return FileHeader({name: TensorInfo("F32", shape, 0, 0) for name, shape in shapes.items()}, {}, 8, file_name)


def plan_of(file: FileHeader, layout: ModelLayout = SDXL) -> AdapterPlan:
    """Read by the one format that knows the file, and checked as the converter does."""
    found = plugin_registry().get(ADAPTER_FORMAT, recognised_format(file, plugin_registry()))
    plan = found.plan(file, layout)
    check_plan(plan, file, layout)
    return plan


def both(word: str, clip_l: str, clip_g: str) -> tuple[EmbeddingTarget, ...]:
    return (
        EmbeddingTarget("text_encoder", TABLE, word, clip_l, 75),
        EmbeddingTarget("text_encoder_2", f"text_model.{TABLE}", word, clip_g, 75),
    )


ALONE: dict[str, Shape] = {"clip_l": (2, 768), "clip_g": (2, 1280)}


@pytest.mark.parametrize(
    ("file_name", "word"),
    [
        ("ruin.safetensors", "ruin"),
        ("Ruin-v1.5_XL.SAFETENSORS", "Ruin-v1.5_XL"),
        ("<ruin>.safetensors", "<ruin>"),
        ("\u5eca\u589f.safetensors", "\u5eca\u589f"),
        ("cafe\u0301.safetensors", "caf\u00e9"),
    ],
)
def test_the_word_of_an_embedding_is_what_its_file_is_called(file_name: str, word: str) -> None:
    plan = plan_of(header(ALONE, file_name))
    assert plan == AdapterPlan(embeddings=both(word, "clip_l", "clip_g"))
    assert plan.kind == "embedding"


def test_a_bundle_names_its_words() -> None:
    names = [f"bundle_emb.{word}.{key}" for word in ("<ruin>", "moss.v2") for key in ("clip_l", "clip_g")]
    shapes: dict[str, Shape] = dict(zip(names, [(75, 768), (75, 1280), (768,), (1, 1280)], strict=True))
    assert plan_of(header(shapes)).embeddings == (*both("<ruin>", *names[:2]), *both("moss.v2", *names[2:]))


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ("lora_unet_middle_block_1_proj_in.lora_down.weight", "lora_unet_middle_block_1_proj_in.lora_up.weight"),
        (
            "lycoris_mid_block_attentions_0_proj_in.lora_down.weight",
            "lycoris_mid_block_attentions_0_proj_in.lora_up.weight",
        ),
        ("unet.middle_block.1.proj_in.lora_down.weight", "unet.middle_block.1.proj_in.lora_up.weight"),
        ("unet.mid_block.attentions.0.proj_in.lora_A.weight", "unet.mid_block.attentions.0.proj_in.lora_B.weight"),
    ],
)
def test_any_naming_may_have_a_bundle(down: str, up: str) -> None:
    lora: dict[str, Shape] = {down: (2, 5), up: (6, 2)}
    bundle: dict[str, Shape] = {"bundle_emb.ruin.clip_l": (2, 768), "bundle_emb.ruin.clip_g": (2, 1280)}
    plan = plan_of(header(lora | bundle))
    assert plan == replace(plan_of(header(lora)), embeddings=both("ruin", *bundle))
    assert plan.kind == "lora"


REFUSED: dict[str, tuple[dict[str, Shape], str, str]] = {
    "another width": ({"clip_l": (2, 1024), "clip_g": (2, 1280)}, "wrong_base", "768"),
    "widths swapped": ({"clip_l": (2, 1280), "clip_g": (2, 768)}, "wrong_base", "768"),
    "too many sizes": ({"clip_l": (1, 2, 768), "clip_g": (1, 2, 1280)}, "wrong_base", "[1, 2, 768]"),
    "no size": ({"clip_l": (), "clip_g": (2, 1280)}, "wrong_base", "[]"),
    "clip_l alone": ({"clip_l": (2, 768)}, "half_embedding", "clip_g"),
    "clip_g alone": ({"clip_g": (2, 1280)}, "half_embedding", "clip_l"),
    "of Stable Diffusion 1": ({"emb_params": (2, 768)}, "wrong_base", "one text encoder"),
    "of Stable Diffusion 1, bundled": (
        {"bundle_emb.ruin.string_to_param.*": (2, 768)},
        "wrong_base",
        "one text encoder",
    ),
    "output vectors": (
        {
            "bundle_emb.ruin.clip_l": (2, 768),
            "bundle_emb.ruin.clip_g": (2, 1280),
            "bundle_emb.ruin.clip_l_out": (2, 768),
        },
        "unsupported_kind",
        "clip_l_out",
    ),
    "a bundle without a key": ({"bundle_emb.ruin": (2, 768)}, "unsupported_kind", "without a name"),
    "76 vectors": ({"clip_l": (76, 768), "clip_g": (76, 1280)}, "too_many_vectors", "75"),
    "other counts": ({"clip_l": (2, 768), "clip_g": (3, 1280)}, "uneven_vectors", "ruin"),
    "one word twice": (
        {
            f"bundle_emb.{word}.{key}": (1, width)
            for word in ("Ruin", "ruin")
            for key, width in (("clip_l", 768), ("clip_g", 1280))
        },
        "named_twice",
        "ruin",
    ),
    "alone and bundled": (ALONE | {"bundle_emb.moss.clip_l": (2, 768)}, "mixed_names", "bundled"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_it_would_serve_wrongly(case: str) -> None:
    shapes, code, said = REFUSED[case]
    with pytest.raises(UnsupportedFileError) as refused:
        plan_of(header(shapes))
    assert (refused.value.code, said in refused.value.message) == (code, True), refused.value.message


@pytest.mark.parametrize("name", ["", "two words", "a,b", "(ruin)", "ruin:1", "-ruin", "r" * 65, "<>", "\u202eruin"])
def test_refuses_what_is_no_word(name: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        plan_of(header(ALONE, f"{name}.safetensors"))
    assert refused.value.code == "bad_word"


def test_a_base_with_a_shorter_context_takes_fewer_vectors() -> None:
    file = header({"clip_l": (31, 8), "clip_g": (31, 12)})
    assert {target.most for target in plan_of(file, layout_of(8, 12)).embeddings} == {75}
    with pytest.raises(UnsupportedFileError) as refused:
        plan_of(file, layout_of(8, 12, context=32))
    assert refused.value.code == "too_many_vectors"


def pack_of(tensors: dict[str, Any], folder: Path) -> bytes:
    file, pack = folder / "moss.safetensors", folder / "pack"
    file.write_bytes(tensor_file(tensors))
    source, layout = TensorFile(file), layout_of(4, 6)
    write_pack(plan_of(replace(source.header, file_name=file.name), layout), source, layout, pack)
    return pack.read_bytes()


def test_a_pack_holds_each_word_for_each_encoder(tmp_path: Path) -> None:
    clip_l, clip_g = np.arange(8, dtype=np.float16).reshape(2, 4), np.arange(12, dtype=np.float32).reshape(2, 6)
    content = pack_of({"clip_g": clip_g, "clip_l": clip_l}, tmp_path)
    found = parse_header(content, len(content))
    assert found.tensors == {
        "vectors.text_encoder_2.moss": TensorInfo("F32", (2, 6), 0, 48),
        "vectors.text_encoder.moss": TensorInfo("F16", (2, 4), 48, 64),
    }
    assert found.metadata == {"irodori_pack": "2", "kind": "embedding", "layout": layout_of(4, 6).digest()}
    assert content[found.data_offset :] == clip_g.tobytes() + clip_l.tobytes()


def test_a_single_vector_may_come_without_its_first_size(tmp_path: Path) -> None:
    flat = {"clip_l": np.ones(4, np.float32), "clip_g": np.ones(6, np.float32)}
    assert pack_of(flat, tmp_path) == pack_of({name: tensor[None] for name, tensor in flat.items()}, tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_numbers_that_are_none(value: float, tmp_path: Path) -> None:
    clip_l = np.ones((1, 4), np.float32)
    clip_l[0, 2] = value
    with pytest.raises(UnsupportedFileError) as refused:
        pack_of({"clip_l": clip_l, "clip_g": np.ones((1, 6), np.float32)}, tmp_path)
    assert refused.value.code == "not_finite"


def test_a_words_name_in_a_pack_may_hold_dots() -> None:
    assert vectors_key(vectors_name("text_encoder_2", "moss.v1.5")) == ("text_encoder_2", "moss.v1.5")
