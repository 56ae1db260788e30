"""Headers only; the tests of the engine serve a real one."""

import pytest

from hub.plugin_api import AdapterPlan, ModelLayout, NoConfig, UnsupportedFileError, WeightTarget
from hub.tensor_file import FileHeader, TensorInfo
from plugins.sdxl.unet_format import SdxlUnetFormat

SHAPES = {
    "conv_in.weight": (8, 4, 3, 3),
    "conv_out.weight": (4, 8, 3, 3),
    "time_embedding.linear_1.weight": (8, 8),
}
LAYOUT = ModelLayout({"unet": SHAPES})


def header(shapes: dict[str, tuple[int, ...]]) -> FileHeader:
    return FileHeader({name: TensorInfo("F32", shape, 0, 4) for name, shape in shapes.items()}, {}, 8)


def test_a_whole_unet_replaces_every_parameter() -> None:
    assert SdxlUnetFormat(NoConfig()).recognise(header(SHAPES))
    assert SdxlUnetFormat(NoConfig()).plan(header(SHAPES), LAYOUT) == AdapterPlan(
        weights=tuple(WeightTarget("unet", name, name) for name in SHAPES)
    )


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({name: SHAPES[name] for name in ("conv_in.weight", "conv_out.weight")}, "lacks 1"),
        (SHAPES | {"mid_block.weight": (1,)}, "mid_block.weight"),
        (SHAPES | {"conv_in.weight": (8, 9, 3, 3)}, "(8, 9, 3, 3) instead of (8, 4, 3, 3)"),
    ],
)
def test_refuses_a_unet_of_another_base(shapes: dict[str, tuple[int, ...]], said: str) -> None:
    with pytest.raises(UnsupportedFileError) as refused:
        SdxlUnetFormat(NoConfig()).plan(header(shapes), LAYOUT)
    assert (refused.value.code, said in refused.value.message) == ("wrong_base", True)


def test_a_lora_is_no_unet() -> None:
    assert not SdxlUnetFormat(NoConfig()).recognise(header({"unet.conv_in.lora_A.weight": (4, 4)}))
