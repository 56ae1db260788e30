"""Files that are not served are told by name, and their refusal says what to do."""

import pytest

from hub.config import plugin_registry
from hub.plugin_api import ModelLayout, NoConfig, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo
from marketplace.uploads.header_checks import recognised_format
from plugins.other_kinds.format import OtherKindsFormat


def header(*names: str) -> FileHeader:
    return FileHeader({name: TensorInfo("F16", (4, 8), 0, 64) for name in names}, {}, 8)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("lora_controlnet", "input_blocks.0.0.weight"), "control_lora"),
    ],
)
def test_is_recognised_alone_and_refused_by_name(names: tuple[str, ...], code: str) -> None:
    assert recognised_format(header(*names), plugin_registry()) == "other_kinds"
    with pytest.raises(UnsupportedFileError) as refused:
        OtherKindsFormat(NoConfig()).plan(header(*names), ModelLayout({}))
    assert refused.value.code == code


@pytest.mark.parametrize("names", [(), ("clip_l", "lora_unet_conv_in.alpha"), ("conv_in.weight",)])
def test_leaves_other_files_alone(names: tuple[str, ...]) -> None:
    assert not OtherKindsFormat(NoConfig()).recognise(header(*names))
