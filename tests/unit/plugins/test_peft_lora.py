"""Formats see headers only, so these tests hold no weights."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin_api import Factor, FactoredTarget, LowRankTarget, ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from plugins.peft_lora.format import PeftLoraFormat
from plugins.peft_lora.settings import LoraSettings

PATHS = {
    "unet": ("conv_in", "mid_block.attentions.0.proj_in"),
    "text_encoder": ("encoder.layers.0.mlp.fc1",),
    "text_encoder_2": ("text_model.encoder.layers.0.mlp.fc1",),
}
LAYOUT = ModelLayout(
    {name: {f"{path}.weight": (8, 8) for path in paths} for name, paths in PATHS.items()},
    {name: frozenset(paths) for name, paths in PATHS.items()},
)
RANK = 4
PROJ = "unet.mid_block.attentions.0.proj_in"


def header(*names: str, ranks: dict[str, int] | None = None, settings: dict[str, Any] | None = None) -> FileHeader:
    """`names` are modules, or whole tensor names where they end in one; settings go into the metadata."""
    whole = [name for name in names if name.endswith(("weight", "vector", "alpha"))]
    pairs = [f"{name}.lora_{half}.weight" for name in names if name not in whole for half in "AB"]
    shapes = {name: (ranks or {}).get(name.rpartition(".lora_")[0], RANK) for name in whole + pairs}
    tensors = {name: TensorInfo("F16", (size, 8), 0, size * 16) for name, size in shapes.items()}
    return FileHeader(tensors, {"lora_adapter_metadata": json.dumps(settings)} if settings else {}, 8)


def target(name: str, component: str, module: str, alpha_value: float | None = None) -> LowRankTarget:
    return LowRankTarget(component, module, f"{name}.lora_A.weight", f"{name}.lora_B.weight", None, alpha_value)


@pytest.mark.parametrize(
    ("name", "component", "module"),
    [
        (PROJ, "unet", "mid_block.attentions.0.proj_in"),
        ("text_encoder.text_model.encoder.layers.0.mlp.fc1", "text_encoder", "encoder.layers.0.mlp.fc1"),
        ("text_encoder.encoder.layers.0.mlp.fc1", "text_encoder", "encoder.layers.0.mlp.fc1"),
        ("text_encoder_2.text_model.encoder.layers.0.mlp.fc1", "text_encoder_2", "text_model.encoder.layers.0.mlp.fc1"),
    ],
)
def test_finds_the_module(name: str, component: str, module: str) -> None:
    assert PeftLoraFormat(NoConfig()).recognise(header(name))
    assert PeftLoraFormat(NoConfig()).plan(header(name), LAYOUT).low_rank == (target(name, component, module),)


@pytest.mark.parametrize(
    ("settings", "alpha"),
    [
        ({"unet.r": 4, "unet.lora_alpha": 2}, 2.0),
        ({"unet.r": 4, "unet.lora_alpha": 2, "unet.use_rslora": True}, 4.0),
        ({"unet.r": 4, "unet.lora_alpha": 2, "unet.alpha_pattern": {"attentions.0.proj_in": 6}}, 6.0),
        ({"unet.r": 4, "unet.lora_alpha": 2, "unet.alpha_pattern": {"j_in": 6}}, 2.0),
        ({"unet.r": 8, "unet.rank_pattern": {"proj_in": 4}, "unet.lora_alpha": 2}, 2.0),
        ({"text_encoder.lora_alpha": 2}, None),
    ],
)
def test_reads_alpha_from_the_metadata(settings: dict[str, Any], alpha: float | None) -> None:
    (found,) = PeftLoraFormat(NoConfig()).plan(header(PROJ, settings=settings), LAYOUT).low_rank
    assert found.alpha_value == alpha


@pytest.mark.parametrize("name", ["base_model.model.conv_in", "conv_in"])
@pytest.mark.parametrize("prefix", ["", "unet."])
def test_a_model_saved_alone_is_the_unet_with_the_settings_of_its_folder(name: str, prefix: str) -> None:
    file = header(name, settings={f"{prefix}r": 4, f"{prefix}lora_alpha": 2})
    assert PeftLoraFormat(NoConfig()).plan(file, LAYOUT).low_rank == (target(name, "unet", "conv_in", 2.0),)


@pytest.mark.parametrize("ending", ["", ".weight"])
def test_a_magnitude_makes_a_dora(ending: str) -> None:
    magnitude = f"{PROJ}.lora_magnitude_vector{ending}"
    plan = PeftLoraFormat(NoConfig()).plan(header(PROJ, "unet.conv_in", magnitude), LAYOUT)
    factor = Factor(left=f"{PROJ}.lora_B.weight", right=f"{PROJ}.lora_A.weight")
    assert plan.low_rank == (target("unet.conv_in", "unet", "conv_in"),)
    assert plan.factored == (
        FactoredTarget("unet", "mid_block.attentions.0.proj_in", "product", (factor,), magnitude=magnitude),
    )


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (header(PROJ, f"{PROJ}.ia3_l.weight"), "unsupported_kind"),
        (header("base_model.model.conv_in.lora_embedding_A.weight"), "unsupported_kind"),
        (header(PROJ, "unet.conv_in.weight"), "unsupported_kind"),
        (header(f"{PROJ}.lora_A.weight"), "incomplete_module"),
        (header("unet.up_blocks.9.proj_in"), "unknown_modules"),
        (header(PROJ, "mid_block.attentions.0.proj_in"), "mixed_names"),
        (header(PROJ, "base_model.model.conv_in"), "mixed_names"),
        (header(PROJ, "lora_unet_conv_in.alpha"), "mixed_names"),
        (header("base_model.model.conv_in"), "unclear_alpha"),
        (header("conv_in"), "unclear_alpha"),
        (header("base_model.model.conv_in", settings={"r": 4}), "unclear_alpha"),
        (header("transformer.proj", settings={"lora_alpha": 4}), "unknown_modules"),
        (header(PROJ, settings={"unet.use_dora": True}), "incomplete_module"),
        (header(PROJ, settings={"unet.lora_bias": True}), "unsupported_kind"),
        (header(PROJ, settings={"unet.r": 8, "unet.lora_alpha": 8}), "bad_metadata"),
        (header(PROJ, settings={"unet.lora_alpha": "much"}), "bad_metadata"),
        (header(PROJ, settings={"unet.lora_alpha": 1, "unet.alpha_pattern": {"(a+)+$": 6}}), "bad_metadata"),
        (header(PROJ, "unet.conv_in", ranks={"unet.conv_in": 2}), "unclear_alpha"),
    ],
)
def test_refuses_what_it_would_serve_wrongly(file: FileHeader, code: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        PeftLoraFormat(NoConfig()).plan(file, LAYOUT)
    assert refused.value.code == code


@pytest.mark.parametrize("metadata", ["[]", "not JSON", "3", "[" * 5000])
def test_refuses_metadata_of_another_shape(metadata: str) -> None:
    file = FileHeader(header(PROJ).tensors, {"lora_adapter_metadata": metadata}, 8)
    with pytest.raises(UnsupportedFileError) as refused:
        PeftLoraFormat(NoConfig()).plan(file, LAYOUT)
    assert refused.value.code == "bad_metadata"


def test_does_not_recognise_other_formats() -> None:
    names = ("lora_unet_conv_in.lora_down.weight", "conv_in.weight", "lora_unet_conv_in.alpha")
    assert [PeftLoraFormat(NoConfig()).recognise(header(name)) for name in names] == [False, False, False]


@given(alpha=st.floats(0.1, 100), rank=st.integers(1, 256))
def test_rank_stabilised_scaling_is_alpha_over_the_root_of_the_rank(alpha: float, rank: int) -> None:
    found = LoraSettings(lora_alpha=alpha, use_rslora=True).alpha("proj_in", rank)
    assert found is not None
    assert found / rank == pytest.approx(alpha / rank**0.5)


PRODUCTS = {
    "hada_w1_a": (8, RANK), "hada_w1_b": (RANK, 8), "hada_w2_a": (8, RANK), "hada_w2_b": (RANK, 8),
}  # fmt: skip
WHOLE = {"lokr_w1": (2, 2), "lokr_w2": (4, 4)}


def product(
    shapes: Mapping[str, tuple[int, ...]], module: str = "base_model.model.conv_in", **settings: float
) -> FileHeader:
    tensors = {f"{module}.{ending}": TensorInfo("F16", shape, 0, 2) for ending, shape in shapes.items()}
    return FileHeader(tensors, {"lora_adapter_metadata": json.dumps(settings)}, 8)


@pytest.mark.parametrize(
    ("shapes", "rule", "settings", "alpha"),
    [
        (PRODUCTS, "hadamard", {"r": 4, "alpha": 2}, 2.0),
        (
            PRODUCTS,
            "hadamard",
            {"r": 8, "rank_pattern": {"conv_in": 4}, "alpha": 2, "alpha_pattern": {"conv_in": 3}},
            3.0,
        ),
        (WHOLE, "kronecker", {"r": 4, "alpha": 4}, 4.0),
    ],
)
def test_a_folders_loha_and_lokr_take_their_alpha_from_the_metadata(
    shapes: dict[str, tuple[int, ...]], rule: str, settings: dict[str, Any], alpha: float
) -> None:
    file = product(shapes, **settings)
    assert PeftLoraFormat(NoConfig()).recognise(file)
    (found,) = PeftLoraFormat(NoConfig()).plan(file, LAYOUT).factored
    assert (found.component, found.module, found.rule, found.alpha_value) == ("unet", "conv_in", rule, alpha)
    assert set(found.names()) == set(file.tensors)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (product(PRODUCTS), "unclear_alpha"),
        (product(PRODUCTS, r=4), "unclear_alpha"),
        (product(PRODUCTS, r=8, alpha=8), "bad_metadata"),
        (product(WHOLE, r=4, alpha=2), "unsupported_kind"),
        (product(PRODUCTS, "base_model.model.nothing", r=4, alpha=4), "unknown_modules"),
        (product(PRODUCTS, "conv_in", r=4, alpha=4), "mixed_names"),
        (product(PRODUCTS | {"mystery": (4,)}, r=4, alpha=4), "incomplete_module"),
        (product(PRODUCTS | WHOLE, r=4, alpha=4), "mixed_kinds"),
        (
            product({name: shape for name, shape in PRODUCTS.items() if name != "hada_w2_b"}, r=4, alpha=4),
            "incomplete_module",
        ),
        (product(PRODUCTS | {"lora_A.weight": (4, 8)}, r=4, alpha=4), "unknown_modules"),
    ],
)
def test_refuses_a_product_that_it_would_serve_wrongly(file: FileHeader, code: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        PeftLoraFormat(NoConfig()).plan(file, LAYOUT)
    assert refused.value.code == code
